// SPDX-License-Identifier: Apache-2.0
public import Torch

/// REINFORCE with a leave-one-out baseline: a whole completion is one action.
///
///     R_i = score_i − β Σ_t (log π_old − log π_ref)        A_i = R_i − mean of the other R_j
///     L = mean over completions of −min(ρ A, clip(ρ, 1 − ε, 1 + ε) A),   ρ = Π_t π / π_old
///
/// On the policy that sampled, the gradient is that of −A Σ_t log π. Source: Ahmadian et al. 2024, arXiv:2402.14740,
/// eq. 5; ratio and clip as in TRL, for when completions are used again. Departures: none. Advantages are detached.
public struct RLOO: CriticFreeMethod {
  /// β, at least 0: what a nat of KL costs.
  public var klCoefficient: Double
  /// Which estimate of the KL is taxed.
  public var klEstimator: KLEstimator
  /// Whether advantages are brought to mean 0 and deviation 1 over the update.
  public var normalizesAdvantages: Bool
  /// The loss on advantages.
  public var loss: PolicyGradientLoss

  /// Creates the method; the defaults are TRL's.
  public init(
    klCoefficient: Double = 0.05, klEstimator: KLEstimator = .k1,
    normalizesAdvantages: Bool = false, surrogate: any PolicySurrogate = ClippedPolicyLoss()
  ) {
    requireArguments(
      klCoefficient >= 0, "RLOO", "the KL coefficient must be at least 0; got \(klCoefficient)")
    self.klCoefficient = klCoefficient
    self.klEstimator = klEstimator
    self.normalizesAdvantages = normalizesAdvantages
    loss = PolicyGradientLoss(ratio: .product, surrogate: surrogate, average: .sequenceMeans)
  }

  /// Whether the KL is taxed at all.
  public var taxesKL: Bool { klCoefficient > 0 }
  /// A completion alone has no others to be compared with.
  public var leastGroupSize: Int { 2 }

  /// One advantage a completion, at each of its tokens.
  public func advantages(_ scored: ScoredCompletions) -> Tensor {
    let kl = scored.tokenKL(klEstimator).sum(1)  // [B]
    let taxed = scored.scores.detached().widened - klCoefficient * kl
    let advantages = LeaveOneOut()(taxed, groupSize: scored.groupSize)
    guard normalizesAdvantages else { return scored.spread(advantages) }
    let everything = advantages.zerosLike() + 1
    let deviation = sqrt(maskedVariance(advantages, everything, isUnbiased: true))
    return scored.spread((advantages - advantages.mean()) / (deviation + 1e-4))
  }
}
