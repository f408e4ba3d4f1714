// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Discovered preference optimization: a gate between the logistic and the exponential loss, found by a language model.
///
///     z = β D     m = σ(z/τ)
///     L = −(1 − m) log σ(z) + m exp(−z)
///
/// Source: Lu et al. 2024, arXiv:2406.08414 (log-ratio modulated loss).
///
/// Departures: none. The gate m carries the gradient, as in the official code. The loss is not monotone: where policy
/// and reference are equal its slope in z is 0.25 (1 − ln 2)/τ − 0.75, which is above 0 for τ below 0.102, the default
/// included. A run that starts at its reference is first pushed the wrong way.
public struct DiscoPOP: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Width τ of the gate, above 0.
  public var tau: Double

  /// Creates the loss.
  public init(beta: Double = 0.1, tau: Double = 0.05) {
    require(.beta, beta, "DiscoPOP")
    require(.discopopTau, tau, "DiscoPOP")
    self.beta = beta
    self.tau = tau
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let z = beta * pairs.ratioMargins
    let gate = sigmoid(z / tau)
    // Where z is far below 0 the gate is 0 and exp(−z) may be infinite: their product is 0 there.
    let exponential = gate * exp(-z.clamped(min: -80))
    return exponential - (1 - gate) * logSigmoid(z)
  }
}
