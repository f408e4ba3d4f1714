// SPDX-License-Identifier: Apache-2.0
public import Torch

/// f-DPG: moves a policy towards a target distribution that can only be scored, by any f-divergence.
///
///     t = π(x) / p(x),  log p = log P − log Z        ρ = −f′(t)        ω = π(x) / q(x)
///     L = mean over x ~ q of ω · −(ρ − B) · log π(x)
///
/// ρ and ω are detached. Forward KL with B = 0 is DPG and GDC, with a baseline GDC++; reverse KL with P = a·exp(r/β) is
/// reinforcement learning with a KL penalty. Strings with P = 0 have t = ∞: they push where f′(∞) is not 0.
///
/// Source: Go et al. 2023, arXiv:2302.08215, theorem 1 and algorithm 1.
///
/// Departures: none. The denominator is the number of samples. log π must be at the temperature of the sampling, summed
/// over tokens with the end token.
public struct FDPG: Sendable, Equatable {
  /// What is minimised.
  public var divergence: FDivergence

  /// Creates the loss; Jensen-Shannon is the released code's default.
  public init(_ divergence: FDivergence = .jensenShannon) { self.divergence = divergence }

  /// ρ = −f′(π/p) of N samples, `[N]`, detached.
  ///
  /// - Parameters:
  ///   - policy: log π(x) in nats, `[N]`.
  ///   - target: log P(x), not normalised, `[N]`; −∞ where forbidden.
  ///   - logNormalizer: log Z, or an estimate of it.
  /// - Returns: no unit; infinite where the slope is.
  public func pseudoRewards(policy: Tensor, target: Tensor, logNormalizer: Double) -> Tensor {
    requireEqualShapes("FDPG", [("policy", policy), ("target", target)])
    return withoutGrad {
      -divergence.slope(policy.detached() - (target.detached() - logNormalizer))
    }
  }

  /// The surrogate loss of N samples of the policy, or of a proposal q.
  ///
  /// - Parameters:
  ///   - policy: log π(x) in nats, summed over tokens, `[N]`; carries the gradient.
  ///   - target: log P(x), `[N]`; −∞ where forbidden.
  ///   - logNormalizer: log Z or its running estimate (``NormalizerEstimate``).
  ///   - baseline: B, a mean of earlier pseudo-rewards (``PseudoRewardBaseline``); any constant keeps the expected
  ///     gradient.
  ///   - proposal: log q(x) of what was sampled from, `[N]`; nil where that is the policy.
  /// - Returns: a scalar whose gradient is that of the divergence, and `pseudo_reward`, the mean of ρ.
  public func callAsFunction(
    policy: Tensor, target: Tensor, logNormalizer: Double, baseline: Double = 0,
    proposal: Tensor? = nil
  ) -> Terms {
    let rewards = pseudoRewards(policy: policy, target: target, logNormalizer: logNormalizer)
    let importance = proposal.map { exp(policy.detached() - $0.detached()) }
    let pulls = -(rewards - baseline)
    let weighted = importance.map { $0 * pulls } ?? pulls
    let count = Double(policy.elementCount)
    return Terms(
      loss: (weighted * policy).mean(), weight: count,
      metrics: ["pseudo_reward": Mean(value: rewards.mean(), weight: count)])
  }
}
