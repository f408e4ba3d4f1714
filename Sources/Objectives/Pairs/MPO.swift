// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Mixed preference optimization: which is better, how good each is, and how to say the better one.
///
///     L = 0.8 L_DPO + 0.2 L_BCO + 1 L_SFT
///
/// Source: Wang et al. 2024, arXiv:2411.10442; ``DPO``, ``BCOPair`` and ``ChosenLikelihood`` with the paper's weights.
/// Other weights are an ``ObjectiveMix``.
///
/// Departures: none.
public struct MPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "MPO")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let preference = DPO(beta: beta).losses(pairs)
    let quality = BCOPair(beta: beta).losses(pairs)
    let generation = ChosenLikelihood().losses(pairs)
    return 0.8 * preference + 0.2 * quality + generation
  }
}
