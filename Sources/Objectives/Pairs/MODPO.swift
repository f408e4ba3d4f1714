// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Multi-objective DPO: the pairs teach one objective, the others enter as fixed margins.
///
///     L = −log σ((β D − M) / w_k)     M = Σ_{j≠k} w_j [R_j(y_w) − R_j(y_l)]
///
/// Source: Zhou et al. 2023, arXiv:2310.03708
///
/// Departures: the margins come multiplied by their weights and summed over the other objectives. Small w_k makes steep gradients;
/// below 0.05 it is refused. w_k = 1 without margins is ``DPO``.
public struct MODPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Weight w_k of the objective the pairs are about, in [0.05, 1].
  public var weight: Double
  /// True: the formula names them.
  public var readsOtherMargins: Bool { true }

  /// Creates the loss.
  public init(beta: Double = 0.1, weight: Double = 0.5) {
    require(.beta, beta, "MODPO")
    require(.modpoWeight, weight, "MODPO")
    self.beta = beta
    self.weight = weight
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    guard let margins = pairs.otherMargins else {
      requireArguments(false, "MODPO", "needs the margins of the other objectives")
      return pairs.ratioMargins
    }
    let others = margins.detached().to(pairs.policy.chosen.elementType)
    return -logSigmoid((beta * pairs.ratioMargins - others) / weight)
  }
}
