// SPDX-License-Identifier: Apache-2.0

/// The one temperature that makes a model's probabilities most likely.
///
///     T = argmin mean softplus(−m / T),   m = margin towards what happened
///
/// For a reward model m = r_c − r_r; for a logit l of an event, m = l where it happened and −l
/// where not. The loss is convex in 1/T, whose derivative is bisected to the last bit.
///
/// Source: Guo et al. 2017, arXiv:1706.04599, §4.2.
public struct TemperatureScaling: Sendable, Equatable, Codable {
  /// T, above 0; divide margins by it. Above 1 the model was overconfident.
  public var temperature: Double
  /// Mean loss at T, in nats.
  public var loss: Double
  /// Mean loss at T = 1, in nats.
  public var lossBefore: Double
  /// Number of margins.
  public var count: Int

  /// Fits the temperature on held-out margins.
  ///
  /// - Parameter margins: finite, with at least one negative and a positive mean.
  /// - Throws: ``EvaluationError/undefined(metric:reason:remedy:)`` where the best temperature is 0
  ///   (no margin is negative) or infinite (the mean is not positive), or
  ///   ``EvaluationError`` for no margins or margins that are not finite.
  public init(margins: [Double]) throws {
    let metric = "temperature scaling"
    try Require.count(margins.count, atLeast: 1, "margins", in: metric)
    try Require.finite(margins, "margin", in: metric)
    guard margins.contains(where: { $0 < 0 }) else {
      throw EvaluationError.undefined(
        metric: metric, reason: "all \(margins.count) margins are right, so T would be 0",
        remedy: "fit on more or harder held-out pairs")
    }
    guard margins.reduce(0, +) > 0 else {
      throw EvaluationError.undefined(
        metric: metric, reason: "the mean margin is \(margins.mean), so T would be infinite",
        remedy: "the model is no better than chance here; check the orientation of the pairs")
    }
    /// d loss / d(1/T), rising in 1/T.
    func slope(_ inverse: Double) -> Double {
      -margins.reduce(0) { $0 + $1 * sigmoid(-$1 * inverse) }
    }
    var high = 1.0
    while slope(high) < 0 { high *= 2 }
    let inverse = SpecialFunctions.bisect(from: 0, to: high) { slope($0) < 0 }
    temperature = 1 / inverse
    loss = margins.map { softplus(-$0 * inverse) }.mean
    lossBefore = margins.map { softplus(-$0) }.mean
    count = margins.count
  }
}
