// SPDX-License-Identifier: Apache-2.0

/// One item judged twice, with the two completions in both orders.
public struct TwoOrderJudgement: Sendable, Equatable, Codable {
  /// Score of the evaluated model when it was shown first, in [0, 1].
  public var whenFirst: Double
  /// Score of the same model when it was shown second, in [0, 1].
  public var whenSecond: Double

  /// Creates a judgement; 1 is a win of the evaluated model, ½ a tie, 0 a loss.
  public init(whenFirst: Double, whenSecond: Double) {
    self.whenFirst = whenFirst
    self.whenSecond = whenSecond
  }
}

/// A judge's preference for a position, and win rates freed from it.
///
/// With s_f and s_r the scores of the model when first and when second:
///
///     debiased = mean (s_f + s_r)/2,   consistency = share s_f = s_r,   bias = mean (s_f − s_r)
///
/// The conservative rate turns every inconsistent item into a tie; for scores of 1 and 0 alone it
/// equals the average.
public struct PositionDebiasing: Sendable, Equatable {
  /// Resampling over items; nil uses Wilson's interval for the debiased rate.
  public var bootstrap: Bootstrap?

  /// Creates the metric.
  public init(bootstrap: Bootstrap? = nil) {
    self.bootstrap = bootstrap
  }

  /// What the two orders say together.
  public struct Result: Sendable, Equatable, Codable {
    /// Mean of the two orders, in [0, 1].
    public var debiased: Estimate
    /// The rate with inconsistent items counted as ties, in [0, 1].
    public var conservative: Double
    /// Share of items judged alike in both orders, in [0, 1].
    public var consistency: Double
    /// 0 for a fair judge, positive where the first position is favoured, in [−1, 1]; with the
    /// bootstrap's interval where one is asked for.
    public var positionBias: Estimate
  }

  /// Summarises judgements made in both orders.
  ///
  /// - Parameter judgements: at least one item.
  /// - Returns: debiased and conservative rates, consistency and bias.
  /// - Throws: ``EvaluationError`` for no items or scores outside [0, 1].
  public func callAsFunction(_ judgements: [TwoOrderJudgement]) throws -> Result {
    let metric = "position debiasing"
    try Require.count(judgements.count, atLeast: 1, "items", in: metric)
    try Require.probabilities(judgements.map(\.whenFirst), "score when first", in: metric)
    try Require.probabilities(judgements.map(\.whenSecond), "score when second", in: metric)

    let count = judgements.count
    let averages = judgements.map { ($0.whenFirst + $0.whenSecond) / 2 }
    let differences = judgements.map { $0.whenFirst - $0.whenSecond }
    let cautious = judgements.map { $0.whenFirst == $0.whenSecond ? $0.whenFirst : 0.5 }
    let value = averages.mean
    let interval =
      try bootstrap?.interval(ofMean: averages)
      ?? .wilson(successes: value * Double(count), count: count)
    return Result(
      debiased: Estimate(
        value: value, count: count, interval: interval, options: bootstrap?.options ?? [:]),
      conservative: cautious.mean,
      consistency: Double(differences.count { $0 == 0 }) / Double(count),
      positionBias: Estimate(
        value: differences.mean, count: count,
        interval: bootstrap?.interval(ofMean: differences), options: bootstrap?.options ?? [:]))
  }

  /// Whether the evaluated model is shown first, decided by a hash of the item, for judges that can
  /// be afforded in one order only.
  ///
  /// - Parameters:
  ///   - item: the item's identifier.
  ///   - seed: changes all the decisions together.
  /// - Returns: true for about half of all identifiers; always the same for the same arguments.
  public static func showsModelFirst(item: String, seed: UInt64) -> Bool {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in item.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    var generator = SplitMix64(seed: hash ^ seed)
    return generator.next() >> 63 == 0
  }
}
