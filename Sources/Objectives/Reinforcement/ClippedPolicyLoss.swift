// SPDX-License-Identifier: Apache-2.0
public import Torch

/// The clipped surrogate: improve the policy on old samples, but gain nothing from moving far from the one that drew
/// them.
///
///     ρ = exp(log π − log π_old)
///     L = mean over tokens of max(−A ρ, −A clip(ρ, 1 − ε, 1 + ε_high))
///
/// With a dual clip c > 1, L is at most −A c where A < 0: one token that the policy now likes far better than the
/// sampler cannot blow up the step. Sources: Schulman et al. 2017, arXiv:1707.06347, eq. 7; dual clip: Ye et al.
/// 2020, arXiv:1912.09729, eq. 5; a bound of its own above: Yu et al. 2025, arXiv:2503.14476, eq. 10; the bound δ of
/// ρ ("two-sided"): Prime Intellect 2025, arXiv:2505.07291, section 3.4.
///
/// Departures: log ρ is held in ±20, so that no infinity arises; the gradient beyond is 0. Advantages and π_old are
/// detached. The denominator is the number of real tokens.
public struct ClippedPolicyLoss: Sendable, Equatable {
  /// ε: how far below 1 the ratio earns, in (0, 1). Usual 0.2.
  public var clipRange: Double
  /// ε_high: how far above 1 the ratio earns, above 0; nil is ``clipRange``.
  public var clipRangeHigh: Double?
  /// c, above 1, usual 3; nil is the plain loss.
  public var dualClip: Double?
  /// δ: most that ρ counts where the clip does not bind, above 1, usual 2 or more; nil is the plain loss. It bounds what a
  /// bad action may cost, as the dual clip does, but by cutting ρ, so that the gradient beyond is 0.
  public var ratioBound: Double?

  /// Creates the loss; the defaults are the first paper's.
  public init(
    clipRange: Double = 0.2, clipRangeHigh: Double? = nil, dualClip: Double? = nil,
    ratioBound: Double? = nil
  ) {
    requireArguments(
      clipRange > 0 && clipRange < 1, "clipped policy loss",
      "the clip range must be above 0 and below 1; got \(clipRange)")
    requireArguments(
      clipRangeHigh.map { $0 > 0 } ?? true, "clipped policy loss",
      "the upper clip range must be above 0; got \(clipRangeHigh ?? 0)")
    requireArguments(
      dualClip.map { $0 > 1 } ?? true, "clipped policy loss",
      "the dual clip must be above 1; got \(dualClip ?? 0)")
    requireArguments(
      ratioBound.map { $0 > 1 } ?? true, "clipped policy loss",
      "the bound of the ratio must be above 1; got \(ratioBound ?? 0)")
    self.clipRange = clipRange
    self.clipRangeHigh = clipRangeHigh
    self.dualClip = dualClip
    self.ratioBound = ratioBound
  }

  /// Loss of one microbatch.
  ///
  /// - Parameters:
  ///   - tokenLogProbs: log π in nats, `[B, T]`; carries the gradient.
  ///   - oldLogProbs: log π_old of the policy that sampled, `[B, T]`.
  ///   - advantages: A, `[B, T]`.
  ///   - mask: 1 on real tokens, `[B, T]`; elsewhere the other tensors may hold anything.
  /// - Returns: the mean over real tokens with `loss/policy_avg`, `policy/approxkl_avg` (½ mean (log ρ)²),
  ///   `policy/clipfrac_avg` (share of tokens where the clip binds) and `val/ratio` (mean ρ), all over tokens.
  public func callAsFunction(
    tokenLogProbs: Tensor, oldLogProbs: Tensor, advantages: Tensor, mask: Tensor
  ) -> Terms {
    requireEqualShapes(
      "clipped policy loss",
      [
        ("log-probs", tokenLogProbs), ("old log-probs", oldLogProbs), ("advantages", advantages),
        ("mask", mask),
      ])
    let isPadding = not(mask.to(.bool))
    // Padding is emptied before the exponential: an infinity there would turn its zero gradient into NaN.
    let logRatio = (tokenLogProbs.widened - oldLogProbs.widened.detached())
      .filled(where: isPadding, with: 0).clamped(-20, 20)
    let advantage = advantages.widened.detached().filled(where: isPadding, with: 0)

    let ratio = exp(logRatio)
    let (losses, isClipped) = tokenLosses(ratio: ratio, advantages: advantage)
    let loss = maskedMean(losses, mask)

    let tokenCount = mask.to(.bool).to(.float64).sum().item
    let metrics = withoutGrad {
      [
        "loss/policy_avg": loss,
        "policy/approxkl_avg": maskedMean(square(logRatio) / 2, mask),
        "policy/clipfrac_avg": maskedMean(isClipped.to(.float32), mask),
        "val/ratio": maskedMean(ratio, mask),
      ].mapValues { Mean(value: $0, weight: tokenCount) }
    }
    return Terms(loss: loss, weight: tokenCount, metrics: metrics)
  }

  /// The clipped loss of each token.
  ///
  /// - Parameters:
  ///   - ratio: ρ, any shape; carries the gradient.
  ///   - advantages: A, detached, of the same shape.
  /// - Returns: the losses, and true where the clip binds.
  func tokenLosses(ratio: Tensor, advantages: Tensor) -> (losses: Tensor, isClipped: Tensor) {
    let unbounded = ratioBound.map { ratio.clamped(max: $0) } ?? ratio
    let free = -advantages * unbounded
    let bounded = -advantages * ratio.clamped(1 - clipRange, 1 + (clipRangeHigh ?? clipRange))
    var losses = maximum(free, bounded)
    if let dualClip {
      losses = select(where: advantages .< 0, minimum(losses, -advantages * dualClip), losses)
    }
    return (losses, bounded .> free)
  }
}
