// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A distribution over finitely many outcomes, and distances between two of them, in nats.
///
///     H(p) = −Σ p log p                    KL(p‖q) = Σ p (log p − log q)
///     JS(p, q) = ½ KL(p‖m) + ½ KL(q‖m), m = (p + q)/2      TV(p, q) = ½ Σ |p − q|
///
/// Outcomes of probability 0 add nothing; KL is infinite where q is 0 and p is not.
public struct Categorical: Sendable, Equatable {
  /// log p of each outcome, in nats; −∞ for an outcome that never happens.
  public let logProbabilities: [Double]

  /// The softmax of logits.
  ///
  /// - Parameter logits: at least one, not all −∞, none infinite upwards.
  public init(logits: [Double]) {
    let top = logits.max() ?? -.infinity
    precondition(top.isFinite, "Categorical: logits have no finite maximum; got \(logits.count)")
    let total = top + log(logits.reduce(0) { $0 + exp($1 - top) })
    logProbabilities = logits.map { $0 - total }
  }

  /// Probabilities or counts, divided by their sum.
  ///
  /// - Parameter weights: 0 or more each, not all 0.
  /// - Throws: ``EvaluationError`` for a negative or infinite weight, or where all are 0.
  public init(weights: [Double]) throws {
    try Require.finite(weights, "weight", in: "distribution")
    if let index = weights.firstIndex(where: { $0 < 0 }) {
      throw EvaluationError.outOfRange(
        metric: "distribution", what: "weight", index: index, found: "\(weights[index])",
        allowed: "0 or more")
    }
    let total = weights.reduce(0, +)
    guard total > 0 else {
      throw EvaluationError.undefined(
        metric: "distribution", reason: "all \(weights.count) weights are 0",
        remedy: "give at least one outcome some weight")
    }
    logProbabilities = weights.map { log($0 / total) }
  }

  /// Probabilities, summing to 1.
  public var probabilities: [Double] { logProbabilities.map { exp($0) } }

  /// H(p) in nats, from 0 to log n.
  public var entropy: Double {
    -logProbabilities.reduce(0) { $1 == -.infinity ? $0 : $0 + exp($1) * $1 }
  }

  /// e^H: the number of equally likely outcomes with the same entropy.
  public var effectiveCount: Double { exp(entropy) }

  /// KL(self‖other) in nats, 0 or more; both must have the same number of outcomes.
  public func klDivergence(to other: Categorical) -> Double {
    checkSize(other)
    var total = 0.0
    for (p, q) in zip(logProbabilities, other.logProbabilities) where p > -.infinity {
      total += exp(p) * (p - q)
    }
    return max(0, total)
  }

  /// Jensen-Shannon divergence in nats, from 0 to log 2; symmetric.
  public func jensenShannon(with other: Categorical) -> Double {
    checkSize(other)
    var total = 0.0
    for (p, q) in zip(logProbabilities, other.logProbabilities) {
      let a = exp(p)
      let b = exp(q)
      let middle = log((a + b) / 2)
      if a > 0 { total += a * (p - middle) / 2 }
      if b > 0 { total += b * (q - middle) / 2 }
    }
    return max(0, total)
  }

  /// Total variation distance, from 0 to 1; symmetric.
  public func totalVariation(to other: Categorical) -> Double {
    checkSize(other)
    return zip(probabilities, other.probabilities).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
  }

  private func checkSize(_ other: Categorical) {
    precondition(
      logProbabilities.count == other.logProbabilities.count,
      "Categorical: \(logProbabilities.count) outcomes against \(other.logProbabilities.count); "
        + "compare over the same vocabulary")
  }
}
