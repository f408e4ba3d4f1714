// SPDX-License-Identifier: Apache-2.0
import Foundation

/// One prompt with A answers, a reference policy and one or more rewards an answer: everything can be summed exactly.
public struct Bandit: Sendable, Equatable {
  /// π_ref, `[A]`; above 0, summing to 1.
  public let reference: [Double]
  /// The rewards of each objective, `[K][A]`; higher is better.
  public let rewards: [[Double]]

  /// Creates a bandit whose objectives all have as many rewards as the reference has answers.
  public init(reference: [Double], rewards: [[Double]]) {
    precondition(
      !rewards.isEmpty && rewards.allSatisfy { $0.count == reference.count },
      "Bandit: each objective needs \(reference.count) rewards; found \(rewards.map(\.count))")
    precondition(
      reference.allSatisfy { $0 > 0 } && abs(reference.reduce(0, +) - 1) < 1e-12,
      "Bandit: the reference must be above 0 and sum to 1; found \(reference)")
    self.reference = reference
    self.rewards = rewards
  }

  /// Four answers worth 0, 1, 2 and 3, all equally likely.
  public static let ladder = Bandit(
    reference: [0.25, 0.25, 0.25, 0.25], rewards: [[0, 1, 2, 3]])

  /// Four answers with two rewards that disagree about the best one.
  public static let twoObjectives = Bandit(
    reference: [0.4, 0.3, 0.2, 0.1], rewards: [[1, 0, 0.5, 2], [0, 1.5, 1, -1]])

  /// Number of answers.
  public var armCount: Int { reference.count }

  /// Σ_k w_k r_k of each answer, `[A]`.
  public func reward(weights: [Double]) -> [Double] {
    precondition(
      weights.count == rewards.count,
      "Bandit: \(weights.count) weights for \(rewards.count) objectives")
    return (0..<armCount).map { arm in
      zip(weights, rewards).reduce(0) { $0 + $1.0 * $1.1[arm] }
    }
  }

  /// E[r_k] under a policy, one number an objective.
  public func expectedRewards(_ policy: [Double]) -> [Double] {
    rewards.map { Simplex.mean($0, under: policy) }
  }

  /// The policy that maximises E[wᵀr] − β KL(π‖π_ref): π ∝ π_ref exp(wᵀr / β), `[A]`.
  public func optimum(weights: [Double], beta: Double) -> [Double] {
    Simplex.softmax(zip(reference, reward(weights: weights)).map { log($0) + $1 / beta })
  }

  /// E[wᵀr] − β KL(π‖π_ref), what ``optimum(weights:beta:)`` maximises.
  public func objective(_ policy: [Double], weights: [Double], beta: Double) -> Double {
    Simplex.mean(reward(weights: weights), under: policy)
      - beta * Simplex.klDivergence(policy, reference)
  }

  /// How often each answer is the best of K independent draws, `[A]`.
  ///
  ///     P(i) = F(i)^K − F(i − 1)^K,   F the cumulative probability in order of the scores
  ///
  /// Answers of equal score share that in proportion to how often they are drawn, as where the first of equals is kept.
  ///
  /// - Parameters:
  ///   - count: K, at least 1.
  ///   - policy: what the answers are drawn from, `[A]`.
  ///   - scores: what "best" is judged by, `[A]`.
  /// - Returns: probabilities in the order of the answers.
  public static func bestOf(_ count: Int, from policy: [Double], by scores: [Double]) -> [Double] {
    precondition(
      count > 0 && scores.count == policy.count,
      "bestOf: needs at least one draw and a score an answer; found \(count) and \(scores.count)")
    var result = [Double](repeating: 0, count: policy.count)
    var before = 0.0
    for score in Set(scores).sorted() {
      let equals = scores.indices.filter { scores[$0] == score }
      let mass = equals.reduce(0) { $0 + policy[$1] }
      let through = min(1, before + mass)
      let share = pow(through, Double(count)) - pow(before, Double(count))
      for arm in equals where mass > 0 { result[arm] = share * policy[arm] / mass }
      before = through
    }
    return result
  }
}
