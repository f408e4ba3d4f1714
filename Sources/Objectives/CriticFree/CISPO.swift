// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Clipped importance-sampling weights: every token keeps its gradient, only its weight is bounded.
///
///     L_t = −sg(min(ρ, ε_max)) A log π
///
/// sg(·) lets no gradient through. Source: MiniMax 2025, arXiv:2506.13585, eq. 4 and 5; ε_max 5: Khatri et al. 2025,
/// arXiv:2510.13786. Departures: no lower bound, as the source itself uses none. A is detached.
public struct CISPO: PolicySurrogate, Equatable {
  /// ε_max, above 0: the largest weight.
  public var largestWeight: Double

  /// Creates the surrogate.
  public init(largestWeight: Double = 5) {
    requireArguments(
      largestWeight > 0, "CISPO", "the largest weight must be above 0; got \(largestWeight)")
    self.largestWeight = largestWeight
  }

  /// The losses of tokens.
  public func callAsFunction(
    ratio: Tensor, tokenLogProbs: Tensor, advantages: Tensor
  ) -> TokenLosses {
    let weight = ratio.detached().clamped(max: largestWeight)
    let isBounded = (ratio.detached() .> largestWeight) .&& (advantages .> 0)
    return TokenLosses(
      losses: -(weight * advantages) * tokenLogProbs, isClippedLow: advantages .< -.infinity,
      isClippedHigh: isBounded)
  }
}
