// SPDX-License-Identifier: Apache-2.0
public import Torch

/// B pairs of samples from a policy, and how likely the first of each is preferred.
public struct OnlinePairs {
  /// log π of the first samples in nats, summed over tokens, `[B]`; carries the gradient.
  public var policyFirst: Tensor
  /// The same of the second samples, `[B]`; carries the gradient.
  public var policySecond: Tensor
  /// log μ of the first samples under the frozen reference, `[B]`.
  public var referenceFirst: Tensor
  /// log μ of the second samples, `[B]`.
  public var referenceSecond: Tensor
  /// P(first ≻ second) in [0, 1], `[B]`: 1 and 0 are hard labels, ½ is no preference.
  public var preferences: Tensor
  /// How much each pair counts, at least 0, `[B]`; nil counts each once.
  public var weights: Tensor?

  /// Joins what is known of B pairs.
  public init(
    policyFirst: Tensor, policySecond: Tensor, referenceFirst: Tensor, referenceSecond: Tensor,
    preferences: Tensor, weights: Tensor? = nil
  ) {
    self.policyFirst = policyFirst
    self.policySecond = policySecond
    self.referenceFirst = referenceFirst
    self.referenceSecond = referenceSecond
    self.preferences = preferences
    self.weights = weights
  }
}

/// Any loss on chosen and rejected completions, on two samples whose order is a probability.
///
///     L = p · ℓ(y, y′) + (1 − p) · ℓ(y′, y)        p = P(y ≻ y′)
///
/// With labels drawn from p the expected loss and gradient are the same, the variance is larger. Who sampled the
/// pair is up to the caller; the sampling is not differentiated.
///
/// Source: Calandriello et al. 2024, arXiv:2403.08635, section 3: with ``DPO`` inside it is online DPO, with
/// ``RatioHinge`` online SLiC; ``OnlineIPO`` has a name of its own.
///
/// Departures: none. The denominator is the number of pairs, or the sum of their weights. A pair of equal
/// samples has the ratio margin 0 and counts as a constant.
public struct OnlinePairLoss {
  /// ℓ: a loss on summed log-probabilities of a chosen and a rejected completion.
  public var loss: any PairObjective

  /// Wraps a loss that reads log-probabilities alone.
  public init(_ loss: any PairObjective) { self.loss = loss }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: OnlinePairs) -> Tensor {
    requireEqualShapes(
      "OnlinePairLoss",
      [
        ("policy first", pairs.policyFirst), ("policy second", pairs.policySecond),
        ("reference first", pairs.referenceFirst), ("reference second", pairs.referenceSecond),
        ("preferences", pairs.preferences),
      ])
    let p = pairs.preferences.detached().to(pairs.policyFirst.elementType)
    let asGiven = PairInputs(
      policy: PairLogProbs(chosen: pairs.policyFirst, rejected: pairs.policySecond),
      reference: PairLogProbs(chosen: pairs.referenceFirst, rejected: pairs.referenceSecond))
    let turned = PairInputs(
      policy: PairLogProbs(chosen: pairs.policySecond, rejected: pairs.policyFirst),
      reference: PairLogProbs(chosen: pairs.referenceSecond, rejected: pairs.referenceFirst))
    return p * loss.losses(asGiven) + (1 - p) * loss.losses(turned)
  }

  /// The mean loss of B pairs, a scalar, and `rewards/margins`: β times the log-ratio of the likelier side over the
  /// other's, detached, 0 for pairs without a preference.
  public func callAsFunction(_ pairs: OnlinePairs) -> Terms {
    let (mean, weight) = weightedMean("OnlinePairLoss", losses(pairs), pairs.weights)
    let margins = withoutGrad {
      let h =
        (pairs.policyFirst - pairs.referenceFirst) - (pairs.policySecond - pairs.referenceSecond)
      return loss.beta * h * sign(pairs.preferences.to(h.elementType) - 0.5)
    }
    return Terms(
      loss: mean, weight: weight,
      metrics: [
        "rewards/margins": Mean(
          value: weightedMean("OnlinePairLoss", margins, pairs.weights).mean, weight: weight)
      ])
  }
}
