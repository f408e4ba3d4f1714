// SPDX-License-Identifier: Apache-2.0

extension SimulatedAnnotator {
  /// How a level is chosen on a scale.
  public enum RatingRule: Sendable, Hashable {
    /// round(lo + (hi − lo)·aspect + N(0, noise²)), kept within lo...hi; aspects are 0 to 1.
    case rounded(ClosedRange<Int>, noise: Double)
    /// P(level <= k) = σ(t_k − βv) for ascending thresholds t_1, t_2, ...; levels begin at 1, the
    /// highest is one above the number of thresholds.
    case ordinal(thresholds: [Double])
  }

  /// Rates one completion: each of its aspects, or its value where it has none.
  ///
  /// - Parameters:
  ///   - prompt: what it answers.
  ///   - candidate: the completion.
  ///   - index: number of the item in the study.
  /// - Returns: a scored record: `scores` by aspect, or one `score`.
  public func rate(prompt: RecordText, _ candidate: Candidate, index: Int) -> Annotation {
    var random = AnnotatorRandom(path: "\(seed)/\(name)/\(study)/\(index)")
    let group = groups[group(at: random.uniform())]
    let value = seenValue(
      of: candidate, for: group, draw: (random.uniform(), random.uniform()))
    let scores: Scores =
      candidate.aspects.isEmpty
      ? .single(Double(level(of: value, using: &random)))
      : .aspects(
        candidate.aspects.map { AspectScore($0.name, Double(level(of: $0.value, using: &random))) })
    return annotation(
      .scored(prompt: prompt, completion: candidate.text, scores: scores), [candidate], [value],
      group: group.name, index: index)
  }

  /// The level that a value gets.
  func level(of value: Double, using random: inout AnnotatorRandom) -> Int {
    switch ratingRule {
    case .rounded(let scale, let noise):
      let width = Double(scale.upperBound - scale.lowerBound)
      let level = Double(scale.lowerBound) + width * value + noise * random.normal()
      return min(max(Int(level.rounded()), scale.lowerBound), scale.upperBound)
    case .ordinal(let thresholds):
      let draw = random.uniform()
      return 1 + thresholds.count { draw >= sigmoid($0 - beta * value) }
    }
  }
}
