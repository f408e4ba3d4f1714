// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Contrastive preference optimization: DPO without a reference, held in place by likelihood.
///
///     L = −log σ(β [log π(y_w) − log π(y_l)]) + α NLL     NLL = −Σ log π(y_w) / Σ n_w
///
/// Source: Xu et al. 2024, arXiv:2401.08417
///
/// Departures: none.
/// NLL is over the chosen tokens of the whole step, by weight. No reference is read.
public struct CPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Weight α of the chosen completions' likelihood, at least 0.
  public var cpoAlpha: Double

  /// Creates the loss.
  public init(beta: Double = 0.1, cpoAlpha: Double = 1) {
    require(.beta, beta, "CPO")
    require(.cpoAlpha, cpoAlpha, "CPO")
    self.beta = beta
    self.cpoAlpha = cpoAlpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let margin = pairs.policy.chosen - pairs.policy.rejected
    return cpoAlpha * pairs.chosenNLL("CPO") - logSigmoid(beta * margin)
  }
}
