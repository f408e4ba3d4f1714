// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Proximal Policy Optimization: the clipped surrogate, the critic's regression and an entropy bonus in one loss.
///
///     L = L_policy + c_v L_value − c_H H
///
/// Source: Schulman et al. 2017, arXiv:1707.06347, eq. 9; for language models Ziegler et al. 2019, arXiv:1909.08593,
/// and Huang et al. 2024, arXiv:2403.17031. The KL to the reference is part of the rewards (``TokenRewards``), not
/// of this loss. Departures: none beyond those of ``ClippedPolicyLoss``.
///
/// The denominator is the number of real tokens. Where values count in more places than tokens (the score one place
/// after the last), L_value divides by the same number, so that splitting a batch still changes nothing.
public struct PPO: Sendable, Equatable {
  /// The policy's part.
  public var policyLoss: ClippedPolicyLoss
  /// The critic's part.
  public var valueLoss: ClippedValueLoss
  /// c_v, at least 0: 0.1 where policy and critic share an optimizer.
  public var valueCoefficient: Double
  /// c_H, at least 0; 0 keeps no bonus.
  public var entropyCoefficient: Double

  /// Creates the loss; the defaults are those for language models.
  public init(
    policyLoss: ClippedPolicyLoss = ClippedPolicyLoss(),
    valueLoss: ClippedValueLoss = ClippedValueLoss(), valueCoefficient: Double = 0.1,
    entropyCoefficient: Double = 0
  ) {
    requireArguments(
      valueCoefficient >= 0 && entropyCoefficient >= 0, "PPO",
      "value and entropy coefficients must be at least 0; got \(valueCoefficient), \(entropyCoefficient)"
    )
    self.policyLoss = policyLoss
    self.valueLoss = valueLoss
    self.valueCoefficient = valueCoefficient
    self.entropyCoefficient = entropyCoefficient
  }

  /// What one microbatch of rollouts brings; all tensors `[B, T]`.
  public struct Rollouts {
    /// log π_old of the sampled tokens in nats.
    public var oldLogProbs: Tensor
    /// Values when the rollouts were made.
    public var oldValues: Tensor
    /// A, whitened or not.
    public var advantages: Tensor
    /// R: un-whitened advantages plus old values.
    public var returns: Tensor
    /// 1 on real tokens.
    public var mask: Tensor
    /// 1 where values count; the same as `mask` unless scores stand after the last token.
    public var valueMask: Tensor

    /// Joins what the loss needs; `valueMask` is `mask` where none is given.
    public init(
      oldLogProbs: Tensor, oldValues: Tensor, advantages: Tensor, returns: Tensor, mask: Tensor,
      valueMask: Tensor? = nil
    ) {
      self.oldLogProbs = oldLogProbs
      self.oldValues = oldValues
      self.advantages = advantages
      self.returns = returns
      self.mask = mask
      self.valueMask = valueMask ?? mask
    }
  }

  /// Loss of one microbatch.
  ///
  /// - Parameters:
  ///   - tokenLogProbs: log π in nats, `[B, T]`; carries the gradient.
  ///   - values: V of the state before each token, `[B, T]`; carries the gradient.
  ///   - entropy: of the whole next-token distributions in nats, `[B, T]`; carries the gradient. Needed if
  ///     ``entropyCoefficient`` is above 0, only logged otherwise.
  ///   - rollouts: what was recorded when the tokens were drawn.
  /// - Returns: the loss, weighing the real tokens, with the metrics of both parts, `policy/entropy_avg` where
  ///   `entropy` is given, and `loss/policy_avg`, `loss/value_avg` (each a mean over its own tokens).
  public func callAsFunction(
    tokenLogProbs: Tensor, values: Tensor, entropy: Tensor? = nil, rollouts: Rollouts
  ) -> Terms {
    requireArguments(
      entropy != nil || entropyCoefficient == 0, "PPO",
      "the entropy bonus needs entropies; pass them, or set the entropy coefficient to 0")
    let policy = policyLoss(
      tokenLogProbs: tokenLogProbs, oldLogProbs: rollouts.oldLogProbs,
      advantages: rollouts.advantages, mask: rollouts.mask)
    let critic = valueLoss(
      values: values, oldValues: rollouts.oldValues, returns: rollouts.returns,
      mask: rollouts.valueMask)

    let valueShare = critic.weight / max(policy.weight, 1)
    var loss = policy.loss + (valueCoefficient * valueShare) * critic.loss
    var metrics = policy.metrics.merging(critic.metrics) { first, _ in first }
    if let entropy {
      let mean = maskedMean(entropy, rollouts.mask)
      if entropyCoefficient > 0 { loss = loss - entropyCoefficient * mean }
      metrics["policy/entropy_avg"] = Mean(value: mean, weight: policy.weight)
    }
    return Terms(loss: loss, weight: policy.weight, metrics: metrics)
  }
}
