// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Token-level DPO, second form: the chosen completion's KL is a constant.
///
///     L = −log σ(β [D − α (δ_l − sg(δ_w))])     δ as in ``TDPO``, sg without gradient
///
/// Source: Zeng et al. 2024, arXiv:2404.11999
///
/// Departures: none.
public struct TDPO2: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Weight α of the divergences' difference, at least 0. Paper: 0.5.
  public var alpha: Double
  /// True: the formula names them.
  public var readsDivergences: Bool { true }

  /// Creates the loss.
  public init(beta: Double = 0.1, alpha: Double = 0.5) {
    require(.beta, beta, "TDPO2")
    require(.tdpoAlpha, alpha, "TDPO2")
    self.beta = beta
    self.alpha = alpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    guard let divergences = pairs.divergences else {
      requireArguments(false, "TDPO2", "needs divergences from the reference")
      return pairs.ratioMargins
    }
    let difference = divergences.rejected - divergences.chosen.detached()
    return -logSigmoid(beta * (pairs.ratioMargins - alpha * difference))
  }
}
