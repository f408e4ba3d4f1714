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
/// Departures: δ is the mean of a batch, not a running one over training; it carries no gradient. Where a batch has
/// examples of one kind alone, the mean of the other counts as 0, what it is where policy and reference are equal. The
/// denominator is the number of examples, or the sum of their weights.
public struct UnpairedBCO: UnpairedObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "UnpairedBCO")
    self.beta = beta
  }

  /// δ is measured on the examples.
  public var anchorSource: UnpairedAnchor { .examples }

  /// The shift δ, a scalar.
  public func anchor(of batch: UnpairedInputs) -> Tensor? {
    let means = [batch.desirable, batch.undesirable].filter { $0.elementCount > 0 }.map {
      (beta * $0).mean()
    }
    guard let first = means.first else { return nil }
    return (means.dropFirst().reduce(first, +) / 2).detached()
  }

  /// The loss of each example, `[D + U]`, the desirable ones first.
  public func losses(_ examples: UnpairedInputs, anchor: Tensor?) -> Tensor {
    guard let shift = anchor?.detached() else {
      requireArguments(false, "UnpairedBCO", "needs its shift, measured on a batch")
      return examples.desirable
    }
    let gains = -logSigmoid(beta * examples.desirable - shift)
    let pains = -logSigmoid(shift - beta * examples.undesirable)
    return concatenated([gains, examples.densityRatios.map { $0.detached() * pains } ?? pains])
  }
}
