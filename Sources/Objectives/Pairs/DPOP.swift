// SPDX-License-Identifier: Apache-2.0
public import Torch

/// DPO-Positive: no win by letting the chosen completion become less likely than under the reference.
///
///     L = −log σ(β [D − λ max(0, −a)])
///
/// Source: Pal et al. 2024 (Smaug), arXiv:2402.13228
///
/// Departures: none. λ = 0 is ``DPO``.
public struct DPOP: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Penalty λ on the chosen completion's loss of likelihood, at least 0. Paper: 5 to 500.
  public var lambda: Double

  /// Creates the loss.
  public init(beta: Double = 0.1, lambda: Double = 5) {
    require(.beta, beta, "DPOP")
    require(.dpopLambda, lambda, "DPOP")
    self.beta = beta
    self.lambda = lambda
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let penalty = relu(-pairs.chosenRatios)
    return -logSigmoid(beta * (pairs.ratioMargins - lambda * penalty))
  }
}
