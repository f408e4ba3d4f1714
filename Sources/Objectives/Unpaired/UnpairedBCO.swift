// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Binary classifier optimization: single completions, with a reward shift and a correction for unlike prompts.
///
///     δ = ½ (mean β a + mean β r)
///     L = −log σ(β a − δ)              for a desirable completion with log-ratio a
///     L = −u(x) log σ(−(β r − δ))      for an undesirable one with log-ratio r
///
/// Source: Jung et al. 2024, arXiv:2404.04656; u is the underlying distribution matching: p/(1 − p), clipped, of a
/// classifier that tells prompts of desirable examples from the others.
///
/// Departures: δ is the mean of the examples given, not a running one over training; it carries no gradient, and
/// depends on how a batch is split. The denominator is the number of examples.
public struct UnpairedBCO: Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "UnpairedBCO")
    self.beta = beta
  }

  /// The loss of each example.
  ///
  /// - Parameters:
  ///   - desirable: log-ratios a of good completions, `[D]`; carries the gradient.
  ///   - undesirable: log-ratios r of bad ones, `[U]`; carries the gradient.
  ///   - densityRatios: u of each undesirable example, above 0, `[U]`; ones correct nothing.
  /// - Returns: `[D + U]`, the desirable ones first.
  public func losses(desirable: Tensor, undesirable: Tensor, densityRatios: Tensor) -> Tensor {
    let good = beta * desirable
    let bad = beta * undesirable
    let shift = ((good.mean() + bad.mean()) / 2).detached()
    let pains = -(densityRatios.detached() * logSigmoid(shift - bad))
    return concatenated([-logSigmoid(good - shift), pains])
  }
}
