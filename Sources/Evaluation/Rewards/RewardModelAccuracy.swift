// SPDX-License-Identifier: Apache-2.0

/// A reward model's scores of one preference pair.
public struct ScoredPair: Sendable, Equatable, Codable {
  /// Score of the preferred completion.
  public var chosen: Double
  /// Score of the other.
  public var rejected: Double
  /// Length of the preferred completion in any unit, where known.
  public var chosenLength: Int?
  /// Length of the other in the same unit, where known.
  public var rejectedLength: Int?
  /// The part of the test set the pair belongs to, or nil.
  public var subset: String?

  /// Creates a scored pair.
  public init(
    chosen: Double, rejected: Double, chosenLength: Int? = nil, rejectedLength: Int? = nil,
    subset: String? = nil
  ) {
    self.chosen = chosen
    self.rejected = rejected
    self.chosenLength = chosenLength
    self.rejectedLength = rejectedLength
    self.subset = subset
  }

  /// chosen − rejected.
  public var margin: Double { chosen - rejected }
}

/// How often a reward model scores the preferred completion higher.
///
///     accuracy = mean 1[r_c > r_r], a tie counting ½ (strict: 0)
///
/// Intervals are Wilson's. `overall` pools all pairs; ``Result/sectionScore`` weights subsets by
/// their number of pairs, which is the same number, and ``weightedMean(_:)`` serves benchmarks
/// that publish other weights. Strict mode is what RewardBench (Lambert et al. 2024,
/// arXiv:2403.13787) counts.
public struct RewardModelAccuracy: Sendable, Equatable {
  /// True where a tie counts as wrong instead of half right.
  public var isStrict: Bool
  /// Intended coverage of the intervals, in (0, 1).
  public var level: Double

  /// Creates the metric.
  public init(isStrict: Bool = false, level: Double = 0.95) {
    self.isStrict = isStrict
    self.level = level
  }

  /// Which completion of a pair is longer; length is the cue reward models most often learn.
  public enum LengthSlice: String, Sendable, Codable, CaseIterable {
    /// The preferred completion is longer.
    case chosenLonger = "chosen longer"
    /// The preferred completion is shorter.
    case chosenShorter = "chosen shorter"
    /// Both are equally long.
    case equalLength = "equal length"
  }

  /// Accuracy in all and by slice, with the margins behind it.
  public struct Result: Sendable, Equatable, Codable {
    /// Accuracy over all pairs, in [0, 1].
    public var overall: Estimate
    /// Pairs scored exactly equal.
    public var tieCount: Int
    /// Mean of r_c − r_r, in the model's units.
    public var marginMean: Double
    /// Standard deviation of r_c − r_r, divisor n − 1.
    public var marginDeviation: Double
    /// Accuracy by which completion is longer; only slices that occur, pairs without lengths left out.
    public var byLength: [LengthSlice: Estimate]
    /// Accuracy by subset; pairs without a subset left out.
    public var bySubset: [String: Estimate]
    /// Mean of the subsets' accuracies weighted by their pairs; nil where no pair names a subset.
    public var sectionScore: Double?
  }

  /// Measures accuracy.
  ///
  /// - Parameter pairs: at least one, with finite scores.
  /// - Returns: accuracy with intervals, margins and slices.
  /// - Throws: ``EvaluationError`` for no pairs or scores that are not finite.
  public func callAsFunction(_ pairs: [ScoredPair]) throws -> Result {
    let metric = "reward model accuracy"
    try Require.count(pairs.count, atLeast: 1, "pairs", in: metric)
    try Require.finite(pairs.map(\.chosen), "chosen score", in: metric)
    try Require.finite(pairs.map(\.rejected), "rejected score", in: metric)

    var lengths: [LengthSlice: [ScoredPair]] = [:]
    var subsets: [String: [ScoredPair]] = [:]
    for pair in pairs {
      if let slice = Self.slice(pair) { lengths[slice, default: []].append(pair) }
      if let subset = pair.subset { subsets[subset, default: []].append(pair) }
    }
    let margins = pairs.map(\.margin)
    let bySubset = try subsets.mapValues(accuracy)
    return Result(
      overall: try accuracy(pairs),
      tieCount: margins.count { $0 == 0 },
      marginMean: margins.mean, marginDeviation: margins.standardDeviation,
      byLength: try lengths.mapValues(accuracy), bySubset: bySubset,
      sectionScore: bySubset.isEmpty
        ? nil : try Self.weightedMean(bySubset.values.map { ($0.value, Double($0.count)) }))
  }

  /// Mean of subset accuracies with given weights, as benchmarks with published weights want it.
  ///
  /// - Parameter subsets: accuracy and weight of each subset; weights are 0 or more, not all 0.
  /// - Returns: Σ weight·accuracy / Σ weight.
  /// - Throws: ``EvaluationError/undefined(metric:reason:remedy:)`` where the weights sum to 0.
  public static func weightedMean(_ subsets: [(accuracy: Double, weight: Double)]) throws -> Double
  {
    let total = subsets.reduce(0) { $0 + $1.weight }
    guard total > 0 else {
      throw EvaluationError.undefined(
        metric: "section score", reason: "the subsets' weights sum to \(total)",
        remedy: "give each subset its number of pairs")
    }
    return subsets.reduce(0) { $0 + $1.weight * $1.accuracy } / total
  }

  private func accuracy(_ pairs: [ScoredPair]) throws -> Estimate {
    let ties = pairs.count { $0.margin == 0 }
    let right = Double(pairs.count { $0.margin > 0 }) + (isStrict ? 0 : Double(ties) / 2)
    return Estimate(
      value: right / Double(pairs.count), count: pairs.count,
      interval: try .wilson(successes: right, count: pairs.count, level: level),
      options: ["ties": isStrict ? "wrong" : "half"])
  }

  private static func slice(_ pair: ScoredPair) -> LengthSlice? {
    guard let chosen = pair.chosenLength, let rejected = pair.rejectedLength else { return nil }
    if chosen == rejected { return .equalLength }
    return chosen > rejected ? .chosenLonger : .chosenShorter
  }
}
