// SPDX-License-Identifier: Apache-2.0
public import Torch

/// SimPO with the likelihood of the chosen completions beside it.
///
///     L = −log σ(β [ā_w − ā_l] − γ) + α NLL     ā = log π(y)/n     NLL = −Σ log π(y_w) / Σ n_w
///
/// Source: CPO-SimPO (Omar 2024), the combination of arXiv:2405.14734 and arXiv:2401.08417.
///
/// Departures: none.
/// NLL is over the chosen tokens of the whole step, by weight. No reference is read.
public struct CPOSimPO: PairObjective, Sendable, Equatable {
  /// Scale β of the mean log-probability, above 0. SimPO's paper: 2 to 10.
  public var beta: Double
  /// Margin γ, at least 0.
  public var gamma: Double
  /// Weight α of the chosen completions' likelihood, at least 0.
  public var cpoAlpha: Double

  /// Creates the loss.
  public init(beta: Double = 2, gamma: Double = 1, cpoAlpha: Double = 1) {
    require(.beta, beta, "CPOSimPO")
    require(.simpoGamma, gamma, "CPOSimPO")
    require(.cpoAlpha, cpoAlpha, "CPOSimPO")
    self.beta = beta
    self.gamma = gamma
    self.cpoAlpha = cpoAlpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    SimPO(beta: beta, gamma: gamma).losses(pairs) + cpoAlpha * pairs.chosenNLL("CPOSimPO")
  }
}
