// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Regression of the critic to the returns, with the same caution as the policy: the worse of the new value and the
/// new value held near the old one.
///
///     V_c = clip(V, V_old − ε, V_old + ε)
///     L = ½ mean over tokens of max((V − R)², (V_c − R)²)
///
/// Source: the code of Schulman et al. 2017, arXiv:1707.06347, described in Engstrom et al. 2020, arXiv:2005.12729,
/// section 3. Departures: none. V_old and R are detached. The denominator is the number of tokens that count.
public struct ClippedValueLoss: Sendable, Equatable {
  /// ε, above 0; nil is plain regression. Usual 0.2.
  public var clipRangeValue: Double?

  /// Creates the loss.
  public init(clipRangeValue: Double? = 0.2) {
    requireArguments(
      clipRangeValue.map { $0 > 0 } ?? true, "clipped value loss",
      "the clip range must be above 0; got \(clipRangeValue ?? 0)")
    self.clipRangeValue = clipRangeValue
  }

  /// Loss of one microbatch.
  ///
  /// - Parameters:
  ///   - values: V of the state before each token, `[B, T]`; carries the gradient.
  ///   - oldValues: V when the rollout was made, `[B, T]`.
  ///   - returns: R, `[B, T]`: un-whitened advantages plus old values.
  ///   - mask: 1 where values count, `[B, T]`; elsewhere the other tensors may hold anything.
  /// - Returns: the mean over counted tokens with `loss/value_avg` and `val/clipfrac_avg` (share of tokens where
  ///   the clip binds).
  public func callAsFunction(
    values: Tensor, oldValues: Tensor, returns: Tensor, mask: Tensor
  ) -> Terms {
    requireEqualShapes(
      "clipped value loss",
      [("values", values), ("old values", oldValues), ("returns", returns), ("mask", mask)])
    let isPadding = not(mask.to(.bool))
    let value = values.widened.filled(where: isPadding, with: 0)
    let old = oldValues.widened.detached().filled(where: isPadding, with: 0)
    let target = returns.widened.detached().filled(where: isPadding, with: 0)

    let free = square(value - target)
    var losses = free
    var isClipped = free.zerosLike()
    if let clipRangeValue {
      let held = old + (value - old).clamped(-clipRangeValue, clipRangeValue)
      let bounded = square(held - target)
      losses = maximum(free, bounded)
      isClipped = (bounded .> free).to(free.elementType)
    }
    let loss = 0.5 * maskedMean(losses, mask)

    let tokenCount = mask.to(.bool).to(.float64).sum().item
    return Terms(
      loss: loss, weight: tokenCount,
      metrics: [
        "loss/value_avg": Mean(value: loss, weight: tokenCount),
        "val/clipfrac_avg": Mean(value: maskedMean(isClipped, mask), weight: tokenCount),
      ])
  }
}
