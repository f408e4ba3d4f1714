// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Token-level DPO: the sequential KL of the two completions enters the margin.
///
///     δ(y) = Σ_t KL(π_ref(·|y_<t) ‖ π(·|y_<t))
///     L = −log σ(β [D − (δ_l − δ_w)])
///
/// Source: Zeng et al. 2024, arXiv:2404.11999
///
/// Departures: none. Both δ carry the gradient.
public struct TDPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// True: the formula names them.
  public var readsDivergences: Bool { true }

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "TDPO")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    guard let divergences = pairs.divergences else {
      requireArguments(false, "TDPO", "needs divergences from the reference")
      return pairs.ratioMargins
    }
    let difference = divergences.rejected - divergences.chosen
    return -logSigmoid(beta * (pairs.ratioMargins - difference))
  }
}
