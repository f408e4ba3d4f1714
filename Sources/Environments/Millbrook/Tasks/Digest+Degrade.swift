// SPDX-License-Identifier: Apache-2.0

extension Digest {
  /// Plants one fault in a summary.
  public func degrade(
    _ item: TaskItem, _ text: String, kind: String, using random: inout SplitMix64
  ) throws(MillbrookError) -> Degradation? {
    try check(degrader: kind)
    let summary = Summary(text, truth(of: item), grammar)
    switch kind {
    case "drop_key":
      let stated = [KeyFact.site, .sum].filter { !summary.sentences(stating: $0).isEmpty }
      return stated.isEmpty ? nil : drop(random.pick(stated), from: summary, &random)
    case "drop_lead":
      let leads = summary.sentences(stating: .deed).first == 0
      return leads ? drop(.deed, from: summary, &random) : nil
    case "invent": return invent(in: summary, &random)
    case "swap_roles": return swapRoles(in: summary)
    case "pad": return pad(summary, &random)
    default: return repeatSentence(of: summary, &random)
    }
  }

  /// Rewrites every sentence that states the key fact without it; the fault is the last change.
  private func drop(
    _ key: KeyFact, from summary: Summary, _ random: inout SplitMix64
  ) -> Degradation {
    var words = summary.manuscript.words
    var fault = 0..<0
    // From the back, so that places further ahead stay right.
    for number in summary.sentences(stating: key).reversed() {
      let sentence = summary.sentences[number]
      let kept = sentence.keys.filter { $0 != key }
      var replacement: [String] = []
      if !kept.isEmpty, let reading = sentence.reading {
        var event = summary.truth.event
        event.overwrite(with: reading.bindings)
        let shorter = self.sentence(
          stating: kept, event, summary.truth.split, &random,
          namingPartner: reading.bindings[.partner] != 0)
        replacement = shorter.map { grammar.lexicon.spelling($0) }
      }
      words.replaceSubrange(sentence.words, with: replacement)
      let start = sentence.words.lowerBound
      fault = start..<start + replacement.count
    }
    return Manuscript.degradation(words, fault: fault)
  }

  /// Adds a sentence with a claim that the post does not make; never in front.
  private func invent(in summary: Summary, _ random: inout SplitMix64) -> Degradation {
    let claimed = Set(summary.sentences.flatMap { $0.reading?.claims ?? [] })
    while true {
      let sentence = inventSentence(summary.truth, &random)
      let claims = grammar.read(sentence[...])?.claims ?? []
      let isWrong = claims.contains { summary.truth.verdict(on: $0) == .invented }
      if isWrong, claimed.isDisjoint(with: claims) {
        let spelled = sentence.map { grammar.lexicon.spelling($0) }
        return summary.inserting(spelled, &random)
      }
    }
  }

  private func inventSentence(_ truth: DigestTruth, _ random: inout SplitMix64) -> [Word] {
    let (event, split) = (truth.event, truth.split)
    let other = drawEvent(split, &random)
    switch random.int(below: 4) {
    case 0: return sentence(stating: [.deed], other, split, &random)
    case 1:
      var moved = event
      moved.place = other.place
      return sentence(stating: [.site], moved, split, &random)
    case 2:
      var priced = event
      priced.amount = other.amount
      return sentence(stating: [.sum], priced, split, &random)
    default:
      let relation = random.pick([Relation.trade, .pet, .food, .instrument, .street, .workplace])
      let claim = random.pick(world.facts(relation, split))
      return grammar.tell(claim, split, &random)
    }
  }

  /// Lets the partner do what the villager of the title did.
  private func swapRoles(in summary: Summary) -> Degradation? {
    let spell = grammar.lexicon.spelling
    let event = summary.truth.event
    var manuscript = summary.manuscript
    var fault: Range<Int>?
    for number in summary.sentences(stating: .deed) {
      let sentence = summary.sentences[number]
      let places = sentence.words.filter { place in
        guard let part = sentence.part(at: place) else { return false }
        return part == .gap(.actor) || part == .gap(.partner)
      }
      for place in places {
        let isActor = sentence.part(at: place) == .gap(.actor)
        manuscript.substitute(spell(isActor ? event.partner : event.actor), at: place)
      }
      if fault == nil, let first = places.first, let last = places.last {
        fault = first..<last + 1
      }
    }
    return fault.map { manuscript.degradation(fault: $0) }
  }

  /// Adds small talk until at least eight words are too many; never in front.
  private func pad(_ summary: Summary, _ random: inout SplitMix64) -> Degradation? {
    var talk = summary.truth.split.templates(grammar.list(.chatter(domain)).templates).map {
      grammar.write($0, Bindings())
    }
    let present = summary.sentences.map { summary.manuscript.numbers[$0.words] }
    talk.removeAll { present.contains($0[...]) }
    random.shuffle(&talk)
    let wordCount = summary.manuscript.words.count
    let wanted = max(wordCount, Digest.freeWordCount) + 8 - wordCount
    var padding: [Word] = []
    for sentence in talk where padding.count < wanted { padding += sentence }
    guard !padding.isEmpty else { return nil }
    return summary.inserting(padding.map { grammar.lexicon.spelling($0) }, &random)
  }

  /// Says one sentence again, as often as it takes to lower freshness by 0.2.
  private func repeatSentence(of summary: Summary, _ random: inout SplitMix64) -> Degradation? {
    let whole = summary.sentences.filter { $0.isWhole }
    guard !whole.isEmpty else { return nil }
    let sentence = random.pick(whole)
    // A share s of n sentences becomes (s·n + k)/(n + k); 0.2·n/(0.8 − s) copies are enough,
    // and at s = 0 that is n/4.
    let copyCount = (summary.sentences.count + 3) / 4
    let again = Array(summary.manuscript.words[sentence.words])
    let copies = Array(repeatElement(again, count: copyCount).joined())
    let end = sentence.words.upperBound
    return summary.manuscript.replacing(end..<end, with: copies)
  }
}

extension Event {
  /// Takes over what a sentence says about the event, right or wrong.
  mutating func overwrite(with bindings: Bindings) {
    func replace(_ part: WritableKeyPath<Event, Word>, _ slot: Slot) {
      if bindings[slot] != 0 { self[keyPath: part] = bindings[slot] }
    }
    replace(\.actor, .actor)
    replace(\.thing, .thing)
    replace(\.partner, .partner)
    replace(\.place, .place)
    replace(\.amount, .amount)
    if bindings.verb != 0 { verb = bindings.verb }
  }
}

/// A summary with the key facts that its sentences state.
private struct Summary {
  struct Sentence {
    /// Where its words stand.
    var words: Range<Int>
    var reading: Grammar.Reading?
    /// Key facts that it states rightly or wrongly.
    var keys: [KeyFact]
    /// Key facts that it states rightly.
    var rightKeys: [KeyFact]
    /// Whether it has an end mark.
    var isWhole: Bool

    /// The template's word at a place of the summary.
    func part(at place: Int) -> Template.Part? {
      reading?.template.parts[place - words.lowerBound]
    }
  }

  let manuscript: Manuscript
  let truth: DigestTruth
  let sentences: [Sentence]

  init(_ text: String, _ truth: DigestTruth, _ grammar: Grammar) {
    let manuscript = Manuscript(text, grammar: grammar)
    let numbers = manuscript.numbers
    sentences = VillageText.sentences(numbers[...], grammar: grammar).map { range in
      let reading = grammar.read(numbers[range])
      let claims = reading?.claims ?? []
      return Sentence(
        words: range, reading: reading,
        keys: KeyFact.allCases.filter { key in claims.contains { $0.relation == key.relation } },
        rightKeys: KeyFact.allCases.filter { key in
          claims.contains { truth.verdict(on: $0) == .key(key) }
        },
        isWhole: grammar.endsSentence(numbers[range.upperBound - 1]))
    }
    self.manuscript = manuscript
    self.truth = truth
  }

  /// Sentences, by number, that state a key fact rightly.
  func sentences(stating key: KeyFact) -> [Int] {
    sentences.indices.filter { sentences[$0].rightKeys.contains(key) }
  }

  /// The text with words added behind one of its whole sentences, or in front if it has none.
  func inserting(_ words: [String], _ random: inout SplitMix64) -> Degradation {
    let ends = sentences.filter(\.isWhole).map(\.words.upperBound)
    let end = ends.isEmpty ? 0 : random.pick(ends)
    return manuscript.replacing(end..<end, with: words)
  }
}
