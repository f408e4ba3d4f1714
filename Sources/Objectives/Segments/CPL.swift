// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Torch

/// B pairs of segments of behaviour: log-probabilities of the actions taken, and which segment was preferred.
public struct SegmentPairs {
  /// log π(a_t|s_t) of the first segments in nats, `[B, T]`; carries the gradient.
  public var first: Tensor
  /// The same of the second segments, `[B, T′]`.
  public var second: Tensor
  /// P(first ≻ second) in [0, 1], `[B]`: 1 and 0 are labels, ½ is a tie.
  public var preferences: Tensor
  /// 1 where the first segment has a step, `[B, T]`; nil where all have T steps.
  public var firstMask: Tensor?
  /// 1 where the second segment has a step, `[B, T′]`.
  public var secondMask: Tensor?
  /// log π_BC of the first segments under a frozen imitation policy, `[B, T]`; nil for plain CPL.
  public var firstReference: Tensor?
  /// The same of the second segments, `[B, T′]`.
  public var secondReference: Tensor?

  /// Pairs of whole segments without a reference.
  public init(first: Tensor, second: Tensor, preferences: Tensor) {
    self.first = first
    self.second = second
    self.preferences = preferences
  }
}

/// Contrastive Preference Learning: a policy from preferences between segments, without reward, value or rollouts.
///
/// Preferences are taken to follow regret: a segment is as good as the sum of its optimal advantages, and in
/// maximum-entropy reinforcement learning the advantage is α log π*.
///
///     S = Σ_t γ^t α log π(a_t|s_t)                       (CPL-KL: α (log π − log π_BC))
///     ℓ(σ⁺, σ⁻) = softplus(−(S⁺ − λ S⁻))
///     L = p ℓ(σ₁, σ₂) + (1 − p) ℓ(σ₂, σ₁) + c · mean(−log π)
///
/// With λ = 1 a constant added to both segments changes nothing, so probability may drift to actions nobody took;
/// λ < 1 rewards the likelihood of what is in the data. With a reference, λ = 1 and segments of one step it is ``DPO``.
///
/// Source: Hejna et al. 2024, arXiv:2310.13639, eq. 5 and 6.
///
/// Departures from the released code: γ defaults to 1 as there, where the paper writes γ^t; tables of preferences count
/// the first segment's side; a segment is never paired with itself. The denominator is the number of pairs, that of the
/// imitation term the number of its steps.
public struct CPL: Sendable, Equatable {
  /// α, the scale of a log-probability as an advantage, above 0. Released code: 0.1 for states.
  public var temperature: Double
  /// λ in (0, 1]: how much of the rejected segment counts.
  public var conservativeBias: Double
  /// γ in (0, 1]; the first step counts fully.
  public var discount: Double
  /// c of CPL-BC, at least 0.
  public var imitationCoefficient: Double
  /// Whether the imitation term is over preferred segments only.
  public var imitatesPreferredOnly: Bool

  /// Creates the loss.
  public init(
    temperature: Double = 0.1, conservativeBias: Double = 0.5, discount: Double = 1,
    imitationCoefficient: Double = 0, imitatesPreferredOnly: Bool = false
  ) {
    func check(_ isRight: Bool, _ name: String, _ wanted: String, _ found: Double) {
      requireArguments(isRight, "CPL", "\(name): expected \(wanted), found \(found)")
    }
    check(temperature > 0 && temperature.isFinite, "temperature", "a number above 0", temperature)
    check(
      conservativeBias > 0 && conservativeBias <= 1, "conservative bias", "above 0 and at most 1",
      conservativeBias)
    check(discount > 0 && discount <= 1, "discount", "above 0 and at most 1", discount)
    check(
      imitationCoefficient >= 0 && imitationCoefficient.isFinite, "imitation coefficient",
      "at least 0", imitationCoefficient)
    self.temperature = temperature
    self.conservativeBias = conservativeBias
    self.discount = discount
    self.imitationCoefficient = imitationCoefficient
    self.imitatesPreferredOnly = imitatesPreferredOnly
  }

  /// S of each segment, `[B]`.
  ///
  /// - Parameters:
  ///   - logProbs: log π(a_t|s_t), `[B, T]`.
  ///   - mask: 1 where there is a step, `[B, T]`; nil for everywhere.
  ///   - reference: log π_BC, `[B, T]`; nil for none.
  /// - Returns: α times discounted log-probabilities, in nats times α.
  public func scores(_ logProbs: Tensor, mask: Tensor? = nil, reference: Tensor? = nil) -> Tensor {
    var terms = logProbs
    if let reference {
      requireEqualShapes("CPL", [("policy", logProbs), ("reference", reference)])
      terms = terms - reference.detached()
    }
    if let mask {
      requireEqualShapes("CPL", [("policy", logProbs), ("mask", mask)])
      terms = terms.filled(where: mask.to(.float32) .<= 0, with: 0)
    }
    let steps = Tensor.range(0..<logProbs.size(1), elementType: .float64, device: logProbs.device)
    let weights = exp(steps * Foundation.log(discount)).to(logProbs.elementType)  // [T]
    return temperature * (terms * weights).sum(1)
  }

  /// The loss of each of B pairs without the imitation term, `[B]`.
  public func losses(_ pairs: SegmentPairs) -> Tensor {
    let first = scores(pairs.first, mask: pairs.firstMask, reference: pairs.firstReference)
    let second = scores(pairs.second, mask: pairs.secondMask, reference: pairs.secondReference)
    requireEqualShapes(
      "CPL", [("first", first), ("second", second), ("preferences", pairs.preferences)])
    let p = pairs.preferences.detached().to(first.elementType)
    let ifFirst = softplus(-(first - conservativeBias * second))
    let ifSecond = softplus(-(second - conservativeBias * first))
    return p * ifFirst + (1 - p) * ifSecond
  }

  /// The mean loss of B pairs, and metrics: `accuracy` (share of labelled pairs ordered as labelled, ties of scores are
  /// wrong), `margins` (mean |S₁ − S₂|).
  public func callAsFunction(_ pairs: SegmentPairs) -> Terms {
    let count = Double(pairs.first.size(0))
    var loss = losses(pairs).mean()
    if imitationCoefficient > 0 { loss = loss + imitationCoefficient * imitation(pairs) }
    let measured = withoutGrad { metrics(pairs) }
    return Terms(loss: loss, weight: count, metrics: measured)
  }

  /// mean(−log π) over the steps of both segments, or of the preferred ones.
  private func imitation(_ pairs: SegmentPairs) -> Tensor {
    let p = pairs.preferences.detached().to(pairs.first.elementType).unsqueezed(1)
    func weights(_ share: Tensor, _ like: Tensor, _ mask: Tensor?) -> Tensor {
      let steps = mask?.to(like.elementType) ?? (like.detached().zerosLike() + 1)
      return imitatesPreferredOnly ? steps * share : steps
    }
    let first = weights(p, pairs.first, pairs.firstMask)
    let second = weights(1 - p, pairs.second, pairs.secondMask)
    let sum =
      (pairs.first.filled(where: first .<= 0, with: 0) * first).sum()
      + (pairs.second.filled(where: second .<= 0, with: 0) * second).sum()
    return -sum / (first.sum() + second.sum())
  }

  private func metrics(_ pairs: SegmentPairs) -> [String: Mean] {
    let first = scores(pairs.first, mask: pairs.firstMask, reference: pairs.firstReference)
    let second = scores(pairs.second, mask: pairs.secondMask, reference: pairs.secondReference)
    let type = first.elementType
    let lean = sign(pairs.preferences.to(type) - 0.5)
    let isLabelled = abs(lean)
    let isRight = ((first - second) * lean .> 0).to(type)
    let labelled = isLabelled.sum().item
    return [
      "accuracy": Mean(
        value: (isRight * isLabelled).sum() / Swift.max(1, labelled), weight: labelled),
      "margins": Mean(value: abs(first - second).mean(), weight: Double(first.elementCount)),
    ]
  }
}
