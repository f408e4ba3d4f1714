// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Advantages from several rewards, each normalised on its own, so that none drowns the others by its scale.
///
///     Z = Σ_k w_k (R_k − mean of the group) / (deviation of the group + ε)
///     A = (Z − mean of the batch) / (deviation of the batch + ε)
///
/// Source: Liu et al. 2026, arXiv:2601.05242, "Group reward-Decoupled Normalization Policy Optimization"; ε and the
/// sample deviation as in TRL. Departures: none. Nothing carries a gradient.
public struct GDPO: Sendable, Equatable {
  /// ε, above 0.
  public var epsilon: Double

  /// Creates the estimator.
  public init(epsilon: Double = 1e-4) {
    requireArguments(epsilon > 0, "GDPO", "epsilon must be above 0; got \(epsilon)")
    self.epsilon = epsilon
  }

  /// Advantages of B completions.
  ///
  /// - Parameters:
  ///   - rewards: one tensor `[B]` a reward, the completions of a prompt next to each other; NaN where there is none.
  ///   - weights: w, one a reward.
  ///   - groupSize: G, completions a prompt, at least 2; B is a multiple of it.
  /// - Returns: `[B]`, detached.
  public func callAsFunction(_ rewards: [Tensor], weights: [Double], groupSize: Int) -> Tensor {
    requireArguments(
      !rewards.isEmpty && rewards.count == weights.count, "GDPO",
      "one weight a reward; got \(weights.count) for \(rewards.count)")
    let estimator = GroupAdvantage(scale: .group, epsilon: epsilon)
    var total = rewards[0].detached().widened.zerosLike()
    for (reward, weight) in zip(rewards, weights) {
      total = total + weight * estimator(reward, groupSize: groupSize)
    }
    let everything = total.zerosLike() + 1
    let deviation = sqrt(maskedVariance(total, everything, isUnbiased: true))
    return (total - total.mean()) / (deviation + epsilon)
  }
}
