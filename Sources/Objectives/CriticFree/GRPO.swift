// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Group Relative Policy Optimization: the completions of a prompt are each other's baseline.
///
///     A_i = (R_i − mean(R_1…R_G)) / (std(R_1…R_G) + ε),   the same for all tokens of completion i
///     L = average of −min(ρ A, clip(ρ, 1 − ε, 1 + ε_high) A)  +  β KL(π ‖ π_ref)
///
/// Source: Shao et al. 2024, arXiv:2402.03300, section 4.1. What has other settings is one of these:
///
/// | method | settings |
/// |---|---|
/// | GRPO | the defaults; β 0.04 in the paper |
/// | Dr. GRPO | `scale: .none`, `average: .constantLength` |
/// | BNPO | `average: .tokens` |
/// | DAPO | `average: .tokens`, clip 0.2 and 0.28, β 0 |
/// | GSPO | `ratio: .sequence`, clip 3e-4 and 4e-4 |
/// | LUSPO | `ratio: .sequence`, `average: .sequenceSums` |
/// | CISPO | `surrogate: CISPO()`, `average: .tokens` |
/// | SAPO | `surrogate: SAPO()` |
/// | two-sided | `surrogate: ClippedPolicyLoss(ratioBound:)` |
/// | GDPO | `rewards: .decoupled(GDPO())` |
///
/// Departures: see ``GroupAdvantage`` and ``PolicyGradientLoss``. Advantages are detached.
public struct GRPO: CriticFreeMethod {
  /// How the scores of a completion become its advantage.
  public enum Rewards: Sendable, Equatable {
    /// The weighted sum of all rewards is compared within the group.
    case summed(GroupAdvantage)
    /// Each reward is compared on its own, then they are summed.
    case decoupled(GDPO)
  }

  /// How scores become advantages.
  public var rewards: Rewards
  /// The loss on them.
  public var loss: PolicyGradientLoss

  /// Creates the method.
  public init(
    rewards: Rewards = .summed(GroupAdvantage()), loss: PolicyGradientLoss = PolicyGradientLoss()
  ) {
    self.rewards = rewards
    self.loss = loss
  }

  /// The KL is in the loss.
  public var taxesKL: Bool { false }
  /// A completion alone is its own mean: its advantage is 0.
  public var leastGroupSize: Int { 2 }

  /// One advantage a completion, at each of its tokens.
  public func advantages(_ scored: ScoredCompletions) -> Tensor {
    switch rewards {
    case .summed(let estimator):
      scored.spread(estimator(scored.scores, groupSize: scored.groupSize))
    case .decoupled(let estimator):
      scored.spread(
        estimator(
          scored.parts.map(\.scores), weights: scored.parts.map(\.weight),
          groupSize: scored.groupSize))
    }
  }
}
