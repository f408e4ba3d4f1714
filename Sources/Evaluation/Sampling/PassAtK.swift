// SPDX-License-Identifier: Apache-2.0

/// The chance that at least one of k samples is right, from n samples of which c are.
///
///     pass@k = 1 − C(n − c, k) / C(n, k)
///
/// Unbiased, unlike 1 − (1 − c/n)^k. Computed as a product, without large binomials.
///
/// Source: Chen et al. 2021, arXiv:2107.03374, eq. 1.
public struct PassAtK: Sendable, Equatable {
  /// Samples the user would draw, 1 or more.
  public var k: Int
  /// Resampling over problems for the interval; nil for none.
  public var bootstrap: Bootstrap?

  /// Creates the metric.
  public init(k: Int, bootstrap: Bootstrap? = nil) {
    precondition(k > 0, "PassAtK: k is \(k); use 1 or more")
    self.k = k
    self.bootstrap = bootstrap
  }

  /// The estimate for one problem.
  ///
  /// - Parameters:
  ///   - correctCount: c, in 0 ... sampleCount.
  ///   - sampleCount: n, at least k.
  /// - Returns: a probability.
  /// - Throws: ``EvaluationError`` for fewer than k samples or a c outside its range.
  public func callAsFunction(correctCount: Int, sampleCount: Int) throws -> Double {
    try Require.count(sampleCount, atLeast: k, "samples", in: "pass@\(k)")
    guard correctCount >= 0, correctCount <= sampleCount else {
      throw EvaluationError.outOfRange(
        metric: "pass@\(k)", what: "number of correct samples", index: nil,
        found: "\(correctCount)", allowed: "0 to \(sampleCount)")
    }
    guard sampleCount - correctCount >= k else { return 1 }
    var allWrong = 1.0
    for drawn in 0..<k {
      allWrong *= Double(sampleCount - correctCount - drawn) / Double(sampleCount - drawn)
    }
    return 1 - allWrong
  }

  /// Mean over problems.
  ///
  /// - Parameter problems: number of correct samples and of samples of each problem.
  /// - Returns: the mean in [0, 1]; `count` is the number of problems.
  /// - Throws: ``EvaluationError`` for no problems or as for one problem.
  public func callAsFunction(
    _ problems: [(correctCount: Int, sampleCount: Int)]
  ) throws -> Estimate {
    try Require.count(problems.count, atLeast: 1, "problems", in: "pass@\(k)")
    let values = try problems.map {
      try self(correctCount: $0.correctCount, sampleCount: $0.sampleCount)
    }
    var options = bootstrap?.options ?? [:]
    options["k"] = "\(k)"
    return Estimate(
      value: values.mean, count: values.count, interval: bootstrap?.interval(ofMean: values),
      options: options)
  }
}
