// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Exact sums over small sets of outcomes: what the named environments need of probability theory.
public enum Simplex {
  /// log Σ e^x without overflow; −∞ for an empty list.
  public static func logSumExp(_ values: [Double]) -> Double {
    let top = values.max() ?? -.infinity
    guard top.isFinite else { return top }
    return top + log(values.reduce(0) { $0 + exp($1 - top) })
  }

  /// The probabilities e^x / Σ e^x.
  ///
  /// - Parameter logits: at least one finite number; −∞ is an outcome that never happens.
  /// - Returns: probabilities in the order of the logits, summing to 1.
  public static func softmax(_ logits: [Double]) -> [Double] {
    let total = logSumExp(logits)
    return logits.map { exp($0 - total) }
  }

  /// E[x] under `probabilities`; outcomes of probability 0 may hold anything.
  public static func mean(_ values: [Double], under probabilities: [Double]) -> Double {
    precondition(
      values.count == probabilities.count,
      "mean: \(values.count) values under \(probabilities.count) probabilities")
    return zip(values, probabilities).reduce(0) { $1.1 > 0 ? $0 + $1.0 * $1.1 : $0 }
  }

  /// KL(p‖q) in nats; infinite where q is 0 and p is not.
  public static func klDivergence(_ p: [Double], _ q: [Double]) -> Double {
    precondition(p.count == q.count, "KL: \(p.count) outcomes against \(q.count)")
    return zip(p, q).reduce(0) { $1.0 > 0 ? $0 + $1.0 * log($1.0 / $1.1) : $0 }
  }
}

/// Draws from a fixed distribution over few outcomes, by its cumulative sums.
public struct OutcomeSampler: Sendable {
  private let cumulative: [Double]

  /// Prepares draws.
  ///
  /// - Parameter probabilities: at least one, none negative, their sum above 0; it need not be 1.
  public init(_ probabilities: [Double]) {
    var sum = 0.0
    cumulative = probabilities.map { probability in
      sum += probability
      return sum
    }
    precondition(
      sum > 0 && sum.isFinite && probabilities.allSatisfy { $0 >= 0 },
      "OutcomeSampler: probabilities must be at least 0 with a finite sum above 0; found sum \(sum)"
    )
  }

  /// The index of an outcome; one of probability 0 is never drawn. Takes one number of `random`.
  public func draw(_ random: inout SplitMix64) -> Int {
    let target = random.uniform() * cumulative[cumulative.count - 1]
    var low = 0
    var high = cumulative.count - 1
    while low < high {
      let middle = (low + high) / 2
      if cumulative[middle] > target { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
