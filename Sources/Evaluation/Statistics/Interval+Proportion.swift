// SPDX-License-Identifier: Apache-2.0

extension Interval {
  /// Wilson's score interval for a proportion.
  ///
  /// With p = successes / n and z the normal quantile of `level`:
  ///
  ///     (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)
  ///
  /// `successes` may be fractional (ties counted ½); the interval is then approximate.
  /// Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
  ///
  /// - Parameters:
  ///   - successes: in [0, count].
  ///   - count: number of tries n, at least 1.
  ///   - level: intended coverage, in (0, 1).
  /// - Returns: bounds in [0, 1].
  /// - Throws: ``EvaluationError/tooFew(metric:what:found:minimum:)`` or
  ///   ``EvaluationError/outOfRange(metric:what:index:found:allowed:)``.
  public static func wilson(
    successes: Double, count: Int, level: Double = 0.95
  ) throws -> Interval {
    try checkProportion("Wilson interval", successes, count, level)
    let n = Double(count)
    let p = successes / n
    let z = SpecialFunctions.normalQuantile((1 + level) / 2)
    let shrink = 1 + z * z / n
    let center = (p + z * z / (2 * n)) / shrink
    let half = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot() / shrink
    // At p = 0 and p = 1 one bound is exactly the edge; rounding must not push it off.
    let lower = successes == 0 ? 0 : max(0, center - half)
    let upper = successes == n ? 1 : min(1, center + half)
    return Interval(lower: lower, upper: upper, level: level, method: "wilson")
  }

  /// The exact ("Clopper-Pearson") interval for a proportion: never covers less than `level`.
  ///
  /// The bounds are quantiles of beta distributions: lower from Beta(k, n − k + 1), upper from
  /// Beta(k + 1, n − k). Source: Clopper and Pearson 1934.
  ///
  /// - Parameters:
  ///   - successes: k, in 0 ... count.
  ///   - count: number of tries n, at least 1.
  ///   - level: intended coverage, in (0, 1).
  /// - Returns: bounds in [0, 1].
  /// - Throws: ``EvaluationError/tooFew(metric:what:found:minimum:)`` or
  ///   ``EvaluationError/outOfRange(metric:what:index:found:allowed:)``.
  public static func clopperPearson(
    successes: Int, count: Int, level: Double = 0.95
  ) throws -> Interval {
    try checkProportion("Clopper-Pearson interval", Double(successes), count, level)
    let k = Double(successes)
    let n = Double(count)
    let tail = (1 - level) / 2
    let lower = successes == 0 ? 0 : SpecialFunctions.betaQuantile(tail, k, n - k + 1)
    let upper = successes == count ? 1 : SpecialFunctions.betaQuantile(1 - tail, k + 1, n - k)
    return Interval(lower: lower, upper: upper, level: level, method: "clopper-pearson")
  }

  private static func checkProportion(
    _ metric: String, _ successes: Double, _ count: Int, _ level: Double
  ) throws {
    try Require.count(count, atLeast: 1, "tries", in: metric)
    guard successes >= 0, successes <= Double(count) else {
      throw EvaluationError.outOfRange(
        metric: metric, what: "successes", index: nil, found: "\(successes)",
        allowed: "0 to \(count)")
    }
    guard level > 0, level < 1 else {
      throw EvaluationError.outOfRange(
        metric: metric, what: "level", index: nil, found: "\(level)", allowed: "between 0 and 1")
    }
  }
}
