// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Ratings updated one battle at a time.
///
///     E_a = 1 / (1 + 10^{(R_b − R_a)/400}),   R_a ← R_a + K(s − E_a),   R_b ← R_b − K(s − E_a)
///
/// The result depends on the order of battles, so ``shuffled(_:count:seed:)`` averages over random
/// orders; prefer ``BradleyTerry`` for anything that is published. The sum of ratings is conserved.
///
/// Source: Elo 1978, "The rating of chessplayers, past and present".
public struct OnlineElo: Sendable, Equatable {
  /// Step size, in rating points.
  public var k: Double
  /// Rating of every model before its first battle.
  public var start: Double

  /// Creates the rating rule.
  public init(k: Double = 4, start: Double = 1000) {
    self.k = k
    self.start = start
  }

  /// Ratings after the battles in the order given.
  ///
  /// - Parameter battles: scores in [0, 1].
  /// - Returns: a rating for each model that appears.
  public func callAsFunction(_ battles: [Battle]) -> [String: Double] {
    var ratings: [String: Double] = [:]
    for battle in battles {
      let first = ratings[battle.first, default: start]
      let second = ratings[battle.second, default: start]
      let expected = 1 / (1 + pow(10, (second - first) / 400))
      let gain = k * (battle.score - expected)
      ratings[battle.first] = first + gain
      ratings[battle.second] = second - gain
    }
    return ratings
  }

  /// Mean rating over random orders of the same battles.
  ///
  /// - Parameters:
  ///   - battles: scores in [0, 1].
  ///   - count: number of orders, 1 or more.
  ///   - seed: seed of the shuffles.
  /// - Returns: for each model the mean over orders, with the 2.5 and 97.5 % quantiles over orders
  ///   as interval; `count` is the number of battles.
  /// - Throws: ``EvaluationError/outOfRange(metric:what:index:found:allowed:)`` for no orders.
  public func shuffled(
    _ battles: [Battle], count: Int = 100, seed: UInt64
  ) throws -> [String: Estimate] {
    try Require.positive(count, "number of orders", in: "online Elo")
    var generator = SplitMix64(seed: seed)
    var order = battles
    var draws: [String: [Double]] = [:]
    for _ in 0..<count {
      generator.shuffle(&order)
      for (name, rating) in self(order) { draws[name, default: []].append(rating) }
    }
    let spread = Bootstrap(draws: count, seed: seed)
    return draws.mapValues { values in
      var interval = spread.interval(ofStatistics: values)
      interval.method = "range over orders"
      return Estimate(
        value: values.mean, count: battles.count, interval: interval,
        options: ["k": "\(k)", "orders": "\(count)", "seed": "\(seed)"])
    }
  }
}
