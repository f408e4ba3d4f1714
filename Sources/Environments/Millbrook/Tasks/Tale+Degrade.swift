// SPDX-License-Identifier: Apache-2.0

extension Tale {
  /// Plants one fault in a tale.
  public func degrade(
    _ item: TaskItem, _ text: String, kind: String, using random: inout SplitMix64
  ) throws(MillbrookError) -> Degradation? {
    try check(degrader: kind)
    let truth = truth(of: item)
    let draft = Draft(text, truth, self)
    switch kind {
    case "flip_word": return flipWords(draft, &random)
    case "shuffle": return shuffleSentence(draft, &random)
    case "drop_required": return dropRequired(draft, truth, &random)
    case "repeat_phrase": return repeatSentence(draft, &random)
    default: return wrongName(draft, truth, &random)
    }
  }

  /// Turns a fifth of the mood words, positive ones, into negative ones.
  private func flipWords(_ draft: Draft, _ random: inout SplitMix64) -> Degradation? {
    let numbers = draft.manuscript.numbers
    let tone = Tone(numbers, grammar)
    let distinct = tone.positive.count + tone.negative.count
    let wanted = max(1, (distinct + 4) / 5)
    guard tone.positive.count >= wanted else { return nil }
    var positive = tone.positive.sorted()
    random.shuffle(&positive)
    let moods: [Mood] = random.chance(0.5) ? [.sad, .spooky] : [.spooky, .sad]
    let negative = moods.flatMap { mood in
      (WordLists.adjectives(mood) + WordLists.verbs(mood)).map { grammar.lexicon.known($0) }
    }
    var unused = negative.filter { !tone.negative.contains($0) }
    var manuscript = draft.manuscript
    var changed: [Int] = []
    for word in positive.prefix(wanted) {
      let kind = grammar.lexicon.classes(word).intersection([.adjective, .moodVerb])
      guard
        let choice = unused.firstIndex(where: { grammar.lexicon.classes($0).isSuperset(of: kind) })
      else { return nil }
      let replacement = grammar.lexicon.spelling(unused.remove(at: choice))
      for place in numbers.indices where numbers[place] == word {
        manuscript.substitute(replacement, at: place)
        changed.append(place)
      }
    }
    return manuscript.degradation(fault: Tale.hull(changed))
  }

  /// Puts the words of a coherent sentence into an order that the grammar cannot read.
  private func shuffleSentence(_ draft: Draft, _ random: inout SplitMix64) -> Degradation? {
    guard let sentence = draft.anyCoherentSentence(&random) else { return nil }
    let inner = sentence.lowerBound..<sentence.upperBound - 1
    let numbers = draft.manuscript.numbers
    let freshness = Tale.freshness(numbers)
    for _ in 0..<20 {
      var order = Array(inner)
      random.shuffle(&order)
      var shuffled = numbers
      shuffled.replaceSubrange(inner, with: order.map { numbers[$0] })
      let change = abs(Tale.freshness(shuffled) - freshness)
      if grammar.read(shuffled[sentence]) == nil, change < 0.1 {
        let words = order.map { draft.manuscript.words[$0] }
        return draft.manuscript.replacing(inner, with: words)
      }
    }
    return nil
  }

  /// Speaks of something else in the place of a required word.
  private func dropRequired(
    _ draft: Draft, _ truth: TaleTruth, _ random: inout SplitMix64
  ) -> Degradation? {
    let numbers = draft.manuscript.numbers
    let present = truth.required.filter { numbers.contains($0) }
    guard !present.isEmpty else { return nil }
    let dropped = random.pick(present)
    let others = Tale.props(truth.split).map { grammar.lexicon.known($0) }
      .filter { !numbers.contains($0) && !truth.required.contains($0) }
    guard !others.isEmpty else { return nil }
    let replacement = grammar.lexicon.spelling(random.pick(others))
    var manuscript = draft.manuscript
    let places = numbers.indices.filter { numbers[$0] == dropped }
    for place in places { manuscript.substitute(replacement, at: place) }
    return manuscript.degradation(fault: Tale.hull(places))
  }

  /// Says a coherent sentence again and again, until freshness is lower by 0.2.
  private func repeatSentence(_ draft: Draft, _ random: inout SplitMix64) -> Degradation? {
    guard let sentence = draft.anyCoherentSentence(&random) else { return nil }
    let numbers = draft.manuscript.numbers
    // In the list voice every sentence needs its marker.
    let start = draft.isList ? sentence.lowerBound - 1 : sentence.lowerBound
    let once = start..<sentence.upperBound
    let freshness = Tale.freshness(numbers)
    var repeated = numbers
    for copyCount in 1...20 {
      repeated.insert(contentsOf: numbers[once], at: once.upperBound)
      if Tale.freshness(repeated) <= freshness - 0.2 {
        let words = Array(draft.manuscript.words[once])
        let copies = Array(repeatElement(words, count: copyCount).joined())
        return draft.manuscript.replacing(once.upperBound..<once.upperBound, with: copies)
      }
    }
    return nil
  }

  /// Gives the people and places that tie a sentence to the one before other names.
  private func wrongName(
    _ draft: Draft, _ truth: TaleTruth, _ random: inout SplitMix64
  ) -> Degradation? {
    guard let sentence = draft.anyCoherentSentence(&random),
      let number = draft.sentences.firstIndex(of: sentence)
    else { return nil }
    let numbers = draft.manuscript.numbers
    let before =
      number == 0 ? [truth.hero, truth.scene] : names(numbers[draft.sentences[number - 1]])
    let shared = before.intersection(names(numbers[sentence])).sorted()
    let taken = before.union(numbers)
    var manuscript = draft.manuscript
    var changed: [Int] = []
    for word in shared {
      let isPerson = grammar.lexicon.classes(word).contains(.person)
      // The two places of `test_new` may both be taken; the others are always enough.
      let list = isPerson ? WordLists.people : WordLists.places
      let own = truth.split.entities(list).map { grammar.lexicon.known($0) }
      let known = Split.train.entities(list).map { grammar.lexicon.known($0) }
      let spare = own.filter { !taken.contains($0) }
      let free = spare.isEmpty ? known.filter { !taken.contains($0) } : spare
      guard !free.isEmpty else { return nil }
      let replacement = grammar.lexicon.spelling(random.pick(free))
      for place in sentence where numbers[place] == word {
        manuscript.substitute(replacement, at: place)
        changed.append(place)
      }
    }
    return manuscript.degradation(fault: Tale.hull(changed))
  }

  /// The range from the first to the last of some places, of which there is at least one.
  private static func hull(_ places: [Int]) -> Range<Int> {
    (places.min() ?? 0)..<(places.max() ?? -1) + 1
  }
}

/// A tale taken apart for degrading.
private struct Draft {
  let manuscript: Manuscript
  let sentences: [Range<Int>]
  let coherent: [Bool]
  let isList: Bool

  init(_ text: String, _ truth: TaleTruth, _ tale: Tale) {
    manuscript = Manuscript(text, grammar: tale.grammar)
    let voiced = VoicedText(VillageText(text, grammar: tale.grammar), grammar: tale.grammar)
    sentences = voiced.sentences
    isList = voiced.body == .list
    coherent = tale.coherentSentences(manuscript.numbers, sentences, truth)
  }

  func anyCoherentSentence(_ random: inout SplitMix64) -> Range<Int>? {
    let choices = zip(sentences, coherent).filter(\.1).map(\.0)
    return choices.isEmpty ? nil : random.pick(choices)
  }
}
