// SPDX-License-Identifier: Apache-2.0

/// Agreement of two annotators beyond chance.
///
///     κ = 1 − Σ w_ij o_ij / Σ w_ij e_ij
///
/// o observed and e expected joint shares (product of the two margins); w = [i ≠ j] unweighted,
/// |i − j| linear, (i − j)² quadratic. Unweighted this is (p_o − p_e) / (1 − p_e).
/// Where both annotators use one and the same category κ is undefined: nil, not 1.
///
/// Source: Cohen 1960; weighted, Cohen 1968.
public struct CohenKappa: Sendable, Equatable {
  /// What a disagreement costs.
  public enum Weights: String, Sendable, Codable {
    /// Every disagreement alike.
    case none
    /// By distance of the categories.
    case linear
    /// By squared distance.
    case quadratic
  }

  /// What a disagreement costs.
  public var weights: Weights
  /// Resampling over items for the interval; nil for none.
  public var bootstrap: Bootstrap?

  /// Creates the metric.
  public init(weights: Weights = .none, bootstrap: Bootstrap? = nil) {
    self.weights = weights
    self.bootstrap = bootstrap
  }

  /// Measures agreement.
  ///
  /// - Parameters:
  ///   - first: category of each item by the first annotator; for weights, places on a scale.
  ///   - second: the same items by the second.
  /// - Returns: κ in [−1, 1], `count` the items; nil where it is undefined.
  /// - Throws: ``EvaluationError`` for unequal lengths or no items.
  public func callAsFunction(_ first: [Int], _ second: [Int]) throws -> Estimate? {
    try Require.equalCounts(
      first.count, "labels of the first annotator", second.count, "of the second",
      in: "Cohen's kappa")
    try Require.count(first.count, atLeast: 1, "items", in: "Cohen's kappa")
    guard let value = kappa(first, second) else { return nil }
    let interval = bootstrap?.interval(itemCount: first.count) { indices in
      kappa(indices.map { first[$0] }, indices.map { second[$0] })
    }
    var options = bootstrap?.options ?? [:]
    options["weights"] = weights.rawValue
    return Estimate(value: value, count: first.count, interval: interval, options: options)
  }

  private func kappa(_ first: [Int], _ second: [Int]) -> Double? {
    var firstCounts: [Int: Int] = [:]
    var secondCounts: [Int: Int] = [:]
    var observed = 0.0
    for (a, b) in zip(first, second) {
      firstCounts[a, default: 0] += 1
      secondCounts[b, default: 0] += 1
      observed += cost(a, b)
    }
    // Whole numbers up to here, summed in sorted order: the same bits whatever the hash seed.
    let columns = secondCounts.sorted { $0.key < $1.key }
    var expected = 0.0
    for (a, aCount) in firstCounts.sorted(by: { $0.key < $1.key }) {
      for (b, bCount) in columns { expected += Double(aCount * bCount) * cost(a, b) }
    }
    guard expected > 0 else { return nil }
    return 1 - observed * Double(first.count) / expected
  }

  private func cost(_ a: Int, _ b: Int) -> Double {
    let distance = Double(abs(a - b))
    switch weights {
    case .none: return a == b ? 0 : 1
    case .linear: return distance
    case .quadratic: return distance * distance
    }
  }
}

/// Share of items on which two annotators say the same, in [0, 1].
///
/// - Parameters:
///   - first: category of each item by the first annotator.
///   - second: the same items by the second.
/// - Returns: the share with Wilson's interval; `count` is the number of items.
/// - Throws: ``EvaluationError`` for unequal lengths or no items.
public func rawAgreement(_ first: [Int], _ second: [Int]) throws -> Estimate {
  try Require.equalCounts(
    first.count, "labels of the first annotator", second.count, "of the second",
    in: "raw agreement")
  try Require.count(first.count, atLeast: 1, "items", in: "raw agreement")
  let same = Double(zip(first, second).count { $0 == $1 })
  return Estimate(
    value: same / Double(first.count), count: first.count,
    interval: try .wilson(successes: same, count: first.count))
}
