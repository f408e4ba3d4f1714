// SPDX-License-Identifier: Apache-2.0

extension SimulatedAnnotator {
  /// Judges pairs one after the other.
  ///
  /// The records are stored comparisons with the extras `shown_first` (0 or 1: which completion was
  /// shown first), `strength` (1 to 4, the quartile of the seen difference among the decided pairs;
  /// absent for ties and skips) and `time`.
  ///
  /// - Parameter pairs: the study, in its order.
  /// - Returns: as many annotations, in the same order.
  public func compare(_ pairs: [CandidatePair]) -> [Annotation] {
    var people = People(annotator: self)
    var annotations: [Annotation] = []
    annotations.reserveCapacity(pairs.count)
    for (index, pair) in pairs.enumerated() {
      annotations.append(
        compare(pair, index: index, count: pairs.count, person: people.next()))
    }
    grade(&annotations)
    return annotations
  }

  /// Judges one pair as item `index` of a study of `count`, without `strength`.
  ///
  /// Item i of a study is the same whether judged alone or in ``compare(_:)``, unless persons give
  /// several comparisons each.
  public func compare(_ pair: CandidatePair, index: Int, count: Int) -> Annotation {
    compare(pair, index: index, count: count, person: nil)
  }

  private func compare(_ pair: CandidatePair, index: Int, count: Int, person: Person?)
    -> Annotation
  {
    var random = AnnotatorRandom(path: "\(seed)/\(name)/\(study)/\(index)")
    let draws = Draws(&random)
    let person = person ?? self.person(name: name, group: draws.group, worker: draws.worker)
    let group = groups[person.group]

    let seen = (
      seenValue(of: pair.first, for: group, draw: draws.firstOutcome),
      seenValue(of: pair.second, for: group, draw: draws.secondOutcome)
    )
    let isFirstShownFirst = draws.shown < 0.5
    let terms = ChoiceTerms(
      valueDifference: seen.0 - seen.1,
      wordDifference: pair.first.wordCount - pair.second.wordCount,
      isFirstShownFirst: isFirstShownFirst,
      tieDifference: tieValue(of: pair.first, seen: seen.0)
        - tieValue(of: pair.second, seen: seen.1),
      progress: count > 0 ? Double(index) / Double(count) : 0)
    let chances = probabilities(terms)

    var truth = AnnotationTruth(
      utilities: [pair.first.utility, pair.second.utility], seenValues: [seen.0, seen.1],
      group: group.name, isAdversarial: person.isAdversarial, isFlipped: false, tookFirst: false,
      isSkipped: draws.skip < skipRate || skipBelow.map { max(seen.0, seen.1) <= $0 } ?? false,
      preference: chances.preference)
    let preference =
      truth.isSkipped
      ? nil
      : decide(
        chances, mistake: person.mistake, draws: draws, isFirstShownFirst: isFirstShownFirst,
        truth: &truth)

    let body = RecordBody.comparison(
      Comparison(
        prompt: pair.prompt, first: pair.first.text, second: pair.second.text,
        preference: preference))
    var record = Record(body, annotator: person.name, extras: pair.extras)
    record.extras["shown_first"] = .integer(isFirstShownFirst ? 0 : 1)
    if let startTime { record.extras["time"] = .integer(startTime + 60 * index) }
    return Annotation(record: record, truth: truth)
  }

  /// Steps 5 and 6 as drawn numbers: P(first) as the record will say it.
  private func decide(
    _ chances: ChoiceProbabilities, mistake: Double, draws: Draws, isFirstShownFirst: Bool,
    truth: inout AnnotationTruth
  ) -> Double {
    if draws.takesFirst < takesFirst {
      truth.tookFirst = true
      return isFirstShownFirst ? 1 : 0
    }
    if givesSoftLabels { return chances.withMistakes(mistake).preference }
    let choice: Double
    switch draws.choice {
    case ..<chances.first: choice = 1
    case ..<(chances.first + chances.second): choice = 0
    default: return 0.5
    }
    truth.isFlipped = draws.mistake < mistake
    return truth.isFlipped ? 1 - choice : choice
  }

  /// Writes into each decided record the quartile of its difference among the decided ones.
  private func grade(_ annotations: inout [Annotation]) {
    var gaps: [(index: Int, gap: Double)] = []
    for (index, annotation) in annotations.enumerated() {
      guard case .comparison(let comparison) = annotation.record.body,
        let preference = comparison.preference, preference != 0.5
      else { continue }
      let seen = annotation.truth.seenValues
      gaps.append((index, abs(seen[0] - seen[1])))
    }
    let sorted = gaps.map(\.gap).sorted()
    guard !sorted.isEmpty else { return }
    let bounds = (1...3).map { sorted[sorted.count * $0 / 4] }
    for (index, gap) in gaps {
      let strength = 1 + bounds.count { gap >= $0 }
      annotations[index].record.extras["strength"] = .integer(strength)
    }
  }
}

/// Every number a comparison may need, drawn in a fixed order whether it is used or not.
private struct Draws {
  let group, worker: Double
  let firstOutcome, secondOutcome: (error: Double, which: Double)
  let shown, skip, choice, mistake, takesFirst: Double

  init(_ random: inout AnnotatorRandom) {
    group = random.uniform()
    worker = random.uniform()
    firstOutcome = (random.uniform(), random.uniform())
    secondOutcome = (random.uniform(), random.uniform())
    shown = random.uniform()
    skip = random.uniform()
    choice = random.uniform()
    mistake = random.uniform()
    takesFirst = random.uniform()
  }
}

/// Someone who judges: a taste and a rate of mistakes.
private struct Person {
  let name: String
  let group: Int
  let isAdversarial: Bool
  let mistake: Double
}

extension SimulatedAnnotator {
  private func person(name: String, group draw: Double, worker: Double) -> Person {
    let isAdversarial = worker < adversarialShare
    return Person(
      name: name, group: group(at: draw), isAdversarial: isAdversarial,
      mistake: isAdversarial ? 0.8 : reliability.map { 1 - $0 } ?? mistake)
  }

  /// Group at a point of the crowd, 0 to 1.
  func group(at draw: Double) -> Int {
    let total = groups.reduce(0) { $0 + $1.share }
    var left = draw * total
    for (index, group) in groups.enumerated() {
      left -= group.share
      if left < 0 { return index }
    }
    return groups.count - 1
  }

  /// Persons taking turns, each with a number of comparisons.
  private struct People {
    let annotator: SimulatedAnnotator
    private var number = 0
    private var remaining = 0
    private var current: Person?

    init(annotator: SimulatedAnnotator) { self.annotator = annotator }

    mutating func next() -> Person? {
      guard let range = annotator.comparisonsPerPerson else { return nil }
      if remaining == 0 {
        var random = AnnotatorRandom(
          path: "\(annotator.seed)/\(annotator.name)/\(annotator.study)/person/\(number)")
        let group = random.uniform()
        let worker = random.uniform()
        remaining = range.lowerBound + random.integer(below: range.count)
        current = annotator.person(
          name: "\(annotator.name)-\(number)", group: group, worker: worker)
        number += 1
      }
      remaining -= 1
      return current
    }
  }
}
