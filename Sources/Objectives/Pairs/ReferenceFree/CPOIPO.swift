// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Contrastive preference optimization with a squared loss on log-probabilities a token.
///
///     L = (ā_w − ā_l − 1/(2β))² + α NLL     ā = log π(y)/n     NLL = −Σ log π(y_w) / Σ n_w
///
/// Source: `CPOTrainer` of TRL with `loss_type` ipo; Xu et al. 2024, arXiv:2401.08417.
///
/// Departures: the paper has the logistic form, ``CPO``.
/// NLL is over the chosen tokens of the whole step, by weight. No reference is read.
public struct CPOIPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Weight α of the chosen completions' likelihood, at least 0.
  public var cpoAlpha: Double

  /// Creates the loss.
  public init(beta: Double = 0.1, cpoAlpha: Double = 1) {
    require(.beta, beta, "CPOIPO")
    require(.cpoAlpha, cpoAlpha, "CPOIPO")
    self.beta = beta
    self.cpoAlpha = cpoAlpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let means = pairs.means("CPOIPO")
    let distance = means.chosen - means.rejected - 1 / (2 * beta)
    return cpoAlpha * pairs.chosenNLL("CPOIPO") + square(distance)
  }
}
