// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Kahneman-Tversky optimization on pairs: each half of a batch is the reference point of the other.
///
///     z_w = max(0, mean a)     z_l = max(0, mean r)     over the batch
///     L = ½ [1 − σ(β (a − z_l))] + ½ [1 − σ(β (z_w − r))]
///
/// Source: `VanillaKTOLoss` of OpenRLHF; Ethayarajh et al. 2024, arXiv:2402.01306, for the value function.
///
/// Departures: from the paper, as that code does it: the gradient passes through z, and z comes from the pairs themselves. The paper's
/// own form is ``KTO``. Depends on the whole batch: splitting it into microbatches changes the loss.
public struct KTOPair: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// False: the sort couples the pairs of a batch.
  public var acceptsWeights: Bool { false }

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "KTOPair")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let chosen = pairs.chosenRatios
    let rejected = pairs.rejectedRatios
    let ifChosen = 1 - sigmoid(beta * (chosen - relu(rejected.mean())))
    let ifRejected = 1 - sigmoid(beta * (relu(chosen.mean()) - rejected))
    return (ifChosen + ifRejected) / 2
  }
}
