// SPDX-License-Identifier: Apache-2.0
public import Torch

/// A soft gate in place of the clip: gradients fade with distance from the sampler instead of ending at a border.
///
///     f(ρ) = (4 / τ) σ(τ (ρ − 1))        L_t = −f(ρ) A,    τ = τ⁺ where A > 0, else τ⁻
///
/// At ρ = 1 the slope of f is 1, so the gradient of the first step is that of the plain policy gradient. Source: Gao
/// et al. 2025, arXiv:2511.20347, "Soft Adaptive Policy Optimization". Departures: none. A is detached.
public struct SAPO: PolicySurrogate, Equatable {
  /// τ⁺, above 0.
  public var positiveTemperature: Double
  /// τ⁻, above 0; larger than τ⁺ fades bad actions faster.
  public var negativeTemperature: Double

  /// Creates the surrogate; the defaults are the paper's.
  public init(positiveTemperature: Double = 1, negativeTemperature: Double = 1.05) {
    requireArguments(
      positiveTemperature > 0 && negativeTemperature > 0, "SAPO",
      "temperatures must be above 0; got \(positiveTemperature) and \(negativeTemperature)")
    self.positiveTemperature = positiveTemperature
    self.negativeTemperature = negativeTemperature
  }

  /// The losses of tokens; nothing counts as clipped.
  public func callAsFunction(
    ratio: Tensor, tokenLogProbs: Tensor, advantages: Tensor
  ) -> TokenLosses {
    let temperature =
      advantages.zerosLike().filled(
        where: advantages .> 0, with: positiveTemperature - negativeTemperature)
      + negativeTemperature
    let gate = (4 / temperature) * sigmoid(temperature * (ratio - 1))
    let none = advantages .< -.infinity
    return TokenLosses(losses: -gate * advantages, isClippedLow: none, isClippedHigh: none)
  }
}
