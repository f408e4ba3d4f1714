// SPDX-License-Identifier: Apache-2.0

extension Tale {
  private static let wordLimit = 50

  /// A coherent tale of 2-5 sentences and at most 50 words with all required words.
  ///
  /// Its mood words, of which there is at least one, are drawn from `moods`. The result has its
  /// leading space.
  func compose(_ truth: TaleTruth, moods: [Mood], _ random: inout SplitMix64) -> String {
    while true {
      var scribe = Scribe(truth, moods, grammar, &random)
      // Markers of a voice take up to a dozen words.
      let most = truth.voice == .plain ? 5 : 4
      let least = max(2, truth.required.count)
      let sentences = scribe.write(least + random.int(below: most - least + 1), &random)
      let words = grammar.voices.dress(sentences, in: truth.voice)
      let hasMood = words.contains { grammar.mood(of: $0) != nil }
      if words.count <= Tale.wordLimit, hasMood { return " " + grammar.text(words) }
    }
  }
}

/// Writes one tale, sentence after sentence.
private struct Scribe {
  private let grammar: Grammar
  private let truth: TaleTruth
  private var cast: [Word]
  private var scenes: [Word]
  private var spareProps: [Word]
  private var adjectives: [Word]
  private var verbs: [Word]
  private var templates: [Template]
  /// People in the sentence before.
  private var present: [Word]

  init(
    _ truth: TaleTruth, _ moods: [Mood], _ grammar: Grammar, _ random: inout SplitMix64
  ) {
    let lexicon = grammar.lexicon
    func shuffled(_ words: some Sequence<String>, _ random: inout SplitMix64) -> [Word] {
      var list = words.map { lexicon.known($0) }
      random.shuffle(&list)
      return list
    }
    let split = truth.split
    self.grammar = grammar
    self.truth = truth
    let others = shuffled(split.entities(WordLists.people), &random).filter { $0 != truth.hero }
    cast = [truth.hero] + others.prefix(2)
    let places = shuffled(split.entities(WordLists.places), &random).filter { $0 != truth.scene }
    scenes = [truth.scene] + places.prefix(1)
    spareProps = shuffled(Tale.props(split), &random).filter { !truth.required.contains($0) }
    adjectives = shuffled(moods.flatMap { WordLists.adjectives($0) }, &random)
    verbs = shuffled(moods.flatMap { WordLists.verbs($0) }, &random)
    var list = Array(split.templates(grammar.list(.scene).templates))
    random.shuffle(&list)
    templates = list
    present = [truth.hero]
  }

  /// Sentences that each name somebody of the one before; no template is used twice.
  mutating func write(_ count: Int, _ random: inout SplitMix64) -> [[Word]] {
    var places = Array(0..<count)
    random.shuffle(&places)
    let requiredAt = Dictionary(
      uniqueKeysWithValues: zip(places.prefix(truth.required.count), truth.required))
    // Templates with a prop are few in `test_new`: sentences that need one choose first.
    var chosen = [Template?](repeating: nil, count: count)
    for place in 0..<count where requiredAt[place] != nil {
      chosen[place] = takeTemplate { $0.has(.prop) }
    }
    for place in 0..<count where chosen[place] == nil {
      chosen[place] = takeTemplate { _ in true }
    }
    return chosen.enumerated().compactMap { place, template in
      template.map { sentence($0, prop: requiredAt[place], &random) }
    }
  }

  private mutating func takeTemplate(where fits: (Template) -> Bool) -> Template? {
    guard let place = templates.firstIndex(where: fits) else { return nil }
    return templates.remove(at: place)
  }

  private mutating func sentence(
    _ template: Template, prop: Word?, _ random: inout SplitMix64
  ) -> [Word] {
    var bindings = Bindings()
    let link = random.pick(present)
    let companion = random.pick(cast.filter { $0 != link })
    let linkFirst = !template.has(.other) || random.chance(0.5)
    bindings[.hero] = linkFirst ? link : companion
    bindings[.other] = linkFirst ? companion : link
    present = template.has(.other) ? [link, companion] : [link]
    bindings[.scene] = random.pick(scenes)
    if template.has(.prop) { bindings[.prop] = prop ?? spareProps.popLast() ?? 0 }
    if template.has(.adjective) { bindings[.adjective] = adjectives.popLast() ?? 0 }
    if template.has(.act) { bindings[.act] = verbs.popLast() ?? 0 }
    return grammar.write(template, bindings)
  }
}
