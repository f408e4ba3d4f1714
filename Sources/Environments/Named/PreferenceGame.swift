// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A prompt with A answers of which every pair has a known probability of being preferred.
///
/// The preferences need not come from a reward: `cyclic` has answers that beat each other in a circle. What an
/// alignment method should find is then the Nash equilibrium of the game between two policies that are both held
/// to a reference μ,
///
///     max_π min_π′  P(π ≻ π′) − τ KL(π‖μ) + τ KL(π′‖μ)
///
/// which is symmetric and the only solution of π ∝ μ exp(P(· ≻ π) / τ).
public struct PreferenceGame: Sendable, Equatable {
  /// P(y ≻ y′) in row y and column y′, `[A][A]`; P(y ≻ y′) + P(y′ ≻ y) = 1.
  public let preferences: [[Double]]
  /// μ, `[A]`; above 0, summing to 1.
  public let reference: [Double]

  /// Creates a game from preferences that are antisymmetric around ½ and a reference without zeros.
  public init(preferences: [[Double]], reference: [Double]) {
    let count = reference.count
    precondition(
      preferences.count == count && preferences.allSatisfy { $0.count == count },
      "PreferenceGame: preferences must be \(count) x \(count), as the reference has \(count) answers"
    )
    for first in 0..<count {
      for second in 0..<count {
        let sum = preferences[first][second] + preferences[second][first]
        precondition(
          abs(sum - 1) < 1e-12,
          "PreferenceGame: P(\(first) ≻ \(second)) and its opposite must sum to 1; found \(sum)")
      }
    }
    precondition(
      reference.allSatisfy { $0 > 0 } && abs(reference.reduce(0, +) - 1) < 1e-12,
      "PreferenceGame: the reference must be above 0 and sum to 1; found \(reference)")
    self.preferences = preferences
    self.reference = reference
  }

  /// Four answers, of which 0 beats 1, 1 beats 2 and 2 beats 0: no reward explains that.
  public static let cyclic = PreferenceGame(
    preferences: [
      [0.5, 0.9, 0.3, 0.6],
      [0.1, 0.5, 0.8, 0.7],
      [0.7, 0.2, 0.5, 0.4],
      [0.4, 0.3, 0.6, 0.5],
    ],
    reference: [0.4, 0.3, 0.2, 0.1])

  /// Number of answers.
  public var answerCount: Int { reference.count }

  /// P(y ≻ π′) for every answer y, `[A]`.
  public func winRates(against opponent: [Double]) -> [Double] {
    preferences.map { Simplex.mean($0, under: opponent) }
  }

  /// P(π ≻ π′).
  public func winRate(_ policy: [Double], against opponent: [Double]) -> Double {
    Simplex.mean(winRates(against: opponent), under: policy)
  }

  /// How much the best answer to `policy` gains over `policy` itself, in the regularised game; 0 at the equilibrium.
  ///
  /// - Parameters:
  ///   - policy: π, `[A]`.
  ///   - klCoefficient: τ above 0.
  /// - Returns: max_π′ [P(π′ ≻ π) − τ KL(π′‖μ)] − [½ − τ KL(π‖μ)], at least 0.
  public func exploitability(of policy: [Double], klCoefficient: Double) -> Double {
    let logits = zip(reference, winRates(against: policy)).map { log($0) + $1 / klCoefficient }
    let best = klCoefficient * Simplex.logSumExp(logits)
    return best - (0.5 - klCoefficient * Simplex.klDivergence(policy, reference))
  }

  /// The Nash equilibrium of the regularised game, by damped iteration of its equation; `[A]`.
  ///
  /// - Parameters:
  ///   - klCoefficient: τ above 0; small values need more iterations.
  ///   - tolerance: how far any log-probability may still be from the equation's right side.
  /// - Returns: π with log π = log μ + P(· ≻ π)/τ + constant, up to `tolerance`.
  public func regularizedNash(klCoefficient: Double, tolerance: Double = 1e-12) -> [Double] {
    precondition(
      klCoefficient > 0, "regularizedNash: KL coefficient must be above 0; found \(klCoefficient)")
    // The equation's slope is at most 1/τ times half the spread of the preferences, which is below 1.
    let damping = min(0.2, klCoefficient / 4)
    var policy = reference
    for _ in 0..<1_000_000 {
      let target = Simplex.softmax(
        zip(reference, winRates(against: policy)).map { log($0) + $1 / klCoefficient })
      let distance = zip(policy, target).map { abs(log($0) - log($1)) }.max() ?? 0
      if distance < tolerance { break }
      policy = Simplex.softmax(
        zip(policy, target).map { (1 - damping) * log($0) + damping * log($1) })
    }
    return policy
  }
}
