// SPDX-License-Identifier: Apache-2.0

extension Digest {
  /// Words that a summary may have at no cost.
  static let freeWordCount = 20

  /// Judges a summary; takes time in proportion to its length.
  public func score(_ item: TaskItem, _ completion: String) -> TaskScore {
    let truth = truth(of: item)
    let text = VillageText(completion, grammar: grammar)
    var audit = Audit(truth: truth)
    for sentence in VillageText.sentences(text.words[...], grammar: grammar) {
      audit.add(sentence, of: text, grammar.read(text.words[sentence]))
    }
    let excess = max(0, text.words.count - Digest.freeWordCount)
    if excess > 0 {
      audit.mark(text.span(Digest.freeWordCount..<text.words.count), "excess")
    }
    let stated = Double(audit.stated.count)
    let invented = Double(audit.invented.count)
    let repeated = Double(audit.repeatedCount)
    let coverage = stated / 3
    let values = [
      coverage, 1 - min(1, invented / 2),
      audit.sentenceCount > 0 ? 1 - repeated / Double(audit.sentenceCount) : 1,
      1 - min(1, Double(excess) / 20), audit.leads ? 1 : 0,
    ]
    return TaskScore(
      aspects: zip(aspects, values).map { TaskScore.Aspect(name: $0, value: $1) },
      utility: coverage - 0.5 * invented - 0.2 * repeated - 0.02 * Double(excess),
      cost: nil, spans: audit.spans.sorted { ($0.start, $0.end) < ($1.start, $1.end) },
      missing: KeyFact.allCases.filter { !audit.stated.contains($0) }.map { key in
        TaskScore.Missing(
          kind: key.relation.name, passage: 0, sentence: truth.keySentences[key.rawValue])
      },
      notes: [MetaField("words", Double(text.words.count))])
  }
}

extension DigestTruth {
  /// What a claim is, held against the post.
  enum Verdict: Sendable, Equatable {
    case key(KeyFact)
    case grounded
    case invented
  }

  /// Judges one claim.
  func verdict(on claim: Claim) -> Verdict {
    let rightDoer = claim.subject == 0 || claim.subject == event.actor
    switch claim.relation {
    case .deed:
      let full = event.claim(.deed)
      let bare = Claim(
        relation: .deed, subject: full.subject, object: full.object, detail: full.detail)
      return claim == full || claim == bare ? .key(.deed) : .invented
    case .site: return rightDoer && claim.object == event.place ? .key(.site) : .invented
    case .sum: return rightDoer && claim.object == event.amount ? .key(.sum) : .invented
    default: return others.contains(claim) ? .grounded : .invented
    }
  }
}

/// What has been found in a summary so far.
private struct Audit {
  let truth: DigestTruth
  var stated: Set<KeyFact> = []
  var invented: Set<Claim> = []
  var repeatedCount = 0
  var sentenceCount = 0
  var leads = false
  var spans: [TaskScore.Span] = []
  private var grounded: Set<Claim> = []
  private var wordings: Set<ArraySlice<Word>> = []

  init(truth: DigestTruth) {
    self.truth = truth
  }

  mutating func mark(_ span: Range<Int>, _ kind: String) {
    spans.append(TaskScore.Span(start: span.lowerBound, end: span.upperBound, kind: kind))
  }

  mutating func add(_ sentence: Range<Int>, of text: VillageText, _ reading: Grammar.Reading?) {
    sentenceCount += 1
    let isNewWording = wordings.insert(text.words[sentence]).inserted
    let claims = reading?.claims ?? []
    var saysNew = claims.isEmpty
    for claim in claims {
      switch truth.verdict(on: claim) {
      case .key(let key):
        if stated.insert(key).inserted { saysNew = true }
        if key == .deed, sentenceCount == 1 { leads = true }
      case .grounded:
        if grounded.insert(claim).inserted { saysNew = true }
      case .invented:
        if invented.insert(claim).inserted { saysNew = true }
        if let reading { mark(wordSpan(claim, reading, sentence, text), "invented") }
      }
    }
    if !isNewWording || !saysNew {
      repeatedCount += 1
      mark(text.span(sentence), "repeated")
    }
  }

  /// From the first to the last word that fills a gap of the claim.
  private func wordSpan(
    _ claim: Claim, _ reading: Grammar.Reading, _ sentence: Range<Int>, _ text: VillageText
  ) -> Range<Int> {
    let slots = Bindings.allSlots(of: claim.relation)
    let places = reading.template.parts.indices.filter { place in
      if case .gap(let slot) = reading.template.parts[place] { slots.contains(slot) } else { false }
    }
    guard let first = places.first, let last = places.last else { return text.span(sentence) }
    let start = sentence.lowerBound
    return text.span(start + first..<start + last + 1)
  }
}
