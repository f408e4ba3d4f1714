// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Mean over the entries that count; 0 where none do.
///
/// - Parameters:
///   - x: any shape; entries that do not count may hold anything and get no gradient.
///   - mask: nonzero where an entry counts, the shape of `x`.
/// - Returns: a scalar: the sum over counted entries divided by their number.
public func maskedMean(_ x: Tensor, _ mask: Tensor) -> Tensor {
  requireEqualShapes("masked mean", [("values", x), ("mask", mask)])
  let counts = mask.to(.bool)
  let wide = x.widened
  let total = wide.filled(where: not(counts), with: 0).sum()
  return total / counts.to(wide.elementType).sum().clamped(min: 1)
}

/// Variance over the entries that count; 0 where at most one does.
///
/// - Parameters:
///   - x: any shape; entries that do not count may hold anything.
///   - mask: nonzero where an entry counts, the shape of `x`.
///   - isUnbiased: divides by the count less one instead of the count.
/// - Returns: a scalar.
public func maskedVariance(_ x: Tensor, _ mask: Tensor, isUnbiased: Bool = false) -> Tensor {
  let counts = mask.to(.bool)
  let mean = maskedMean(x, mask)
  let deviations = (x.widened - mean).filled(where: not(counts), with: 0)
  let count = counts.to(deviations.elementType).sum()
  return square(deviations).sum() / (isUnbiased ? count - 1 : count).clamped(min: 1)
}

/// Scales values to unit variance, and by default to mean zero, over the entries that count.
///
///     y = (x − μ) / √(σ² + 1e-8)   [ + μ without the shift ]
///
/// The denominator of μ and σ² is the number of counted entries (less one for σ² if ``isUnbiased``). Advantages
/// are shifted; rewards are not, because a shift would change which answers are good. Source: Ziegler et al. 2019,
/// arXiv:1909.08593, official code. Departures: none.
public struct Whitening: Sendable, Equatable {
  /// Whether the mean becomes 0; otherwise it is put back after scaling.
  public var shiftsMean: Bool
  /// Whether σ² divides by the count less one.
  public var isUnbiased: Bool

  /// Creates the transformation; the defaults are those for advantages.
  public init(shiftsMean: Bool = true, isUnbiased: Bool = false) {
    self.shiftsMean = shiftsMean
    self.isUnbiased = isUnbiased
  }

  /// Whitens the counted entries together, whatever row they stand in.
  ///
  /// - Parameters:
  ///   - x: any shape.
  ///   - mask: nonzero where an entry counts, the shape of `x`; nil counts all.
  /// - Returns: the shape of `x`, detached; 0 in entries that do not count.
  public func callAsFunction(_ x: Tensor, mask: Tensor? = nil) -> Tensor {
    withoutGrad {
      let counts =
        mask?.to(.bool) ?? .full(1, shape: x.shape, elementType: .bool, device: x.device)
      let mean = maskedMean(x, counts)
      let variance = maskedVariance(x, counts, isUnbiased: isUnbiased)
      // Equal numbers differ from their mean by rounding, which the division would turn into advantages.
      let wide = x.widened
      let highest = wide.filled(where: not(counts), with: -.infinity).max()
      let lowest = wide.filled(where: not(counts), with: .infinity).min()
      let centred = ((wide - mean) * rsqrt(variance + 1e-8))
        .filled(where: not(highest .> lowest), with: 0)
      let result = shiftsMean ? centred : centred + mean
      return result.filled(where: not(counts), with: 0)
    }
  }
}
