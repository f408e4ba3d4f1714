// SPDX-License-Identifier: Apache-2.0
public import Torch

/// APO-zero on single completions: raise what is good and lower what is bad, each against the reference.
///
///     L = 1 − σ(β a)     for a desirable completion with log-ratio a
///     L = σ(β r)         for an undesirable one with log-ratio r
///
/// Source: D'Oosterlinck et al. 2024, arXiv:2408.06266; the unpaired form is TRL's. It is ``KTO`` with z = 0.
///
/// Departures: none. The denominator is the number of examples.
public struct UnpairedAPOZero: UnpairedObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "UnpairedAPOZero")
    self.beta = beta
  }

  /// The loss of each example, `[D + U]`, the desirable ones first.
  public func losses(_ examples: UnpairedInputs, anchor: Tensor?) -> Tensor {
    concatenated([1 - sigmoid(beta * examples.desirable), sigmoid(beta * examples.undesirable)])
  }
}
