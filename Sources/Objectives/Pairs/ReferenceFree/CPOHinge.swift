// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Contrastive preference optimization with a hinge.
///
///     L = max(0, 1 − β [log π(y_w) − log π(y_l)]) + α NLL     NLL = −Σ log π(y_w) / Σ n_w
///
/// Source: `CPOTrainer` of TRL with `loss_type` hinge; Xu et al. 2024, arXiv:2401.08417.
///
/// Departures: the paper has the logistic form, ``CPO``.
/// NLL is over the chosen tokens of the whole step, by weight. No reference is read.
public struct CPOHinge: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Weight α of the chosen completions' likelihood, at least 0.
  public var cpoAlpha: Double

  /// Creates the loss.
  public init(beta: Double = 0.1, cpoAlpha: Double = 1) {
    require(.beta, beta, "CPOHinge")
    require(.cpoAlpha, cpoAlpha, "CPOHinge")
    self.beta = beta
    self.cpoAlpha = cpoAlpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let margin = pairs.policy.chosen - pairs.policy.rejected
    return cpoAlpha * pairs.chosenNLL("CPOHinge") + relu(1 - beta * margin)
  }
}
