// SPDX-License-Identifier: Apache-2.0

/// All sentences that the village can form, and the exact way back from a sentence to its facts.
///
/// Templates of all lists are merged into one tree of words and gaps. Reading a sentence walks
/// the tree; since no two templates read alike, a sentence has one meaning or none at all.
struct Grammar: Sendable {
  /// A sentence that the grammar could have written.
  struct Reading: Sendable {
    /// What it states, in the order of the template's relations.
    var claims: [Claim]
    /// The filled gaps.
    var bindings: Bindings
    /// The template it comes from.
    var template: Template
  }

  private struct Node: Sendable {
    var literals: [Word: Int] = [:]
    var gaps: [(slot: Slot, accepts: WordClass, next: Int)] = []
    var template: Int = -1
  }

  /// The words.
  private(set) var lexicon: Lexicon
  /// The templates by what they are for.
  private(set) var lists: [Phrasebook.Use: TemplateList] = [:]
  /// The joining word of each verb.
  private let joiners: [Word: Word]
  private let moods: [Word: Mood]
  private let sentenceEnds: Set<Word>
  /// The markers of voices.
  let voices: VoiceMarkers
  private var templates: [Template] = []
  private var nodes = [Node()]

  /// The grammar of Millbrook; it does not depend on a seed.
  static let village = Grammar(phrasebook: Phrasebook.all)

  /// Builds the tree of all templates.
  init(phrasebook: [(use: Phrasebook.Use, relations: [Relation], texts: [String])]) {
    var words = Lexicon.ofWordLists()
    for text in Voice.allCases.flatMap({ $0.markers + [$0.rawValue] }) {
      for word in text.split(separator: " ") { words.add(String(word)) }
    }
    var lists: [Phrasebook.Use: TemplateList] = [:]
    for entry in phrasebook {
      let templates = entry.texts.map { Grammar.compile($0, entry.relations, &words) }
      lists[entry.use] = TemplateList(templates: templates)
    }
    for opening in Phrasebook.titles + Phrasebook.noticeTitles + Phrasebook.labels {
      for word in opening.split(separator: " ") where word.first != "{" { words.add(String(word)) }
    }
    let verbs = WordLists.deeds + WordLists.offers
    joiners = Dictionary(
      uniqueKeysWithValues: verbs.map { (words.known($0.0), words.known($0.1)) })
    var moods: [Word: Mood] = [:]
    for mood in Mood.allCases {
      for word in WordLists.adjectives(mood) + WordLists.verbs(mood) {
        moods[words.known(word)] = mood
      }
    }
    self.moods = moods
    sentenceEnds = Set([".", "!", "?"].map { words.known($0) })
    voices = VoiceMarkers(words)
    lexicon = words
    self.lists = lists
    for entry in phrasebook {
      for template in lists[entry.use]?.templates ?? [] { insert(template) }
    }
  }

  /// The templates for one use.
  func list(_ use: Phrasebook.Use) -> TemplateList {
    guard let list = lists[use] else {
      preconditionFailure("grammar: the phrasebook has no entry for \(use)")
    }
    return list
  }

  /// The word that joins a verb to a partner; 0 for a word that is no verb.
  func joiner(of verb: Word) -> Word {
    joiners[verb] ?? 0
  }

  /// The mood of a mood word; nil for other words.
  func mood(of word: Word) -> Mood? {
    moods[word]
  }

  /// Whether the word ends a sentence.
  func endsSentence(_ word: Word) -> Bool {
    sentenceEnds.contains(word)
  }

  // MARK: Writing

  /// The template's words with its gaps filled; the joiner follows from the verb.
  func write(_ template: Template, _ bindings: Bindings) -> [Word] {
    template.parts.map { part in
      switch part {
      case .literal(let word): return word
      case .gap(.joiner): return joiner(of: bindings.verb)
      case .gap(let slot):
        let word = bindings[slot]
        precondition(word > 0, "grammar: the gap \(slot) was left empty")
        return word
      }
    }
  }

  /// Words as text, separated by single spaces.
  func text(_ words: some Sequence<Word>) -> String {
    words.map { lexicon.spelling($0) }.joined(separator: " ")
  }

  // MARK: Reading

  /// The meaning of a sentence, its end mark included; nil for anything the grammar cannot write.
  func read(_ sentence: ArraySlice<Word>) -> Reading? {
    var bindings = Bindings()
    guard let template = match(sentence, from: 0, &bindings) else { return nil }
    let claims = templates[template].relations.map { bindings.claim($0) }
    return Reading(claims: claims, bindings: bindings, template: templates[template])
  }

  /// Walks the tree depth-first; it is as deep as the longest template, whatever the sentence.
  private func match(
    _ words: ArraySlice<Word>, from node: Int, _ bindings: inout Bindings
  ) -> Int? {
    guard let word = words.first else {
      let template = nodes[node].template
      return template >= 0 && joinersAgree(bindings) ? template : nil
    }
    guard word > 0 else { return nil }
    let rest = words.dropFirst()
    if let next = nodes[node].literals[word], let found = match(rest, from: next, &bindings) {
      return found
    }
    if nodes[node].gaps.isEmpty { return nil }
    let kind = lexicon.classes(word)
    for gap in nodes[node].gaps where !gap.accepts.isDisjoint(with: kind) {
      bindings[gap.slot] = word
      if let found = match(rest, from: gap.next, &bindings) { return found }
      bindings[gap.slot] = 0
    }
    return nil
  }

  private func joinersAgree(_ bindings: Bindings) -> Bool {
    let joiner = bindings[.joiner]
    return joiner == 0 || joiner == self.joiner(of: bindings.verb)
  }

  // MARK: Building

  private static func compile(
    _ text: String, _ relations: [Relation], _ lexicon: inout Lexicon
  ) -> Template {
    let parts = text.split(separator: " ").map { word -> Template.Part in
      guard word.hasPrefix("{"), word.hasSuffix("}") else {
        return .literal(lexicon.add(String(word)))
      }
      guard let slot = Slot(name: word.dropFirst().dropLast()) else {
        preconditionFailure("grammar: '\(text)' has an unknown gap \(word)")
      }
      return .gap(slot)
    }
    return Template(parts: parts, relations: relations)
  }

  private mutating func insert(_ template: Template) {
    var node = 0
    for part in template.parts {
      node = child(of: node, part)
    }
    if nodes[node].template < 0 {
      nodes[node].template = templates.count
      templates.append(template)
    } else {
      // The same words may stand in two lists (posts and summaries) if they mean the same.
      precondition(
        templates[nodes[node].template].relations == template.relations,
        "grammar: one template in two lists with two meanings")
    }
  }

  private mutating func child(of node: Int, _ part: Template.Part) -> Int {
    switch part {
    case .literal(let word):
      if let next = nodes[node].literals[word] { return next }
      nodes[node].literals[word] = nodes.count
    case .gap(let slot):
      if let gap = nodes[node].gaps.first(where: { $0.slot == slot }) { return gap.next }
      nodes[node].gaps.append((slot, slot.accepts, nodes.count))
    }
    nodes.append(Node())
    return nodes.count - 1
  }
}

extension Bindings {
  /// The verb of a deed, active or passive.
  var verb: Word {
    self[.verb] != 0 ? self[.verb] : self[.participle]
  }
}
