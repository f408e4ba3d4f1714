// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Noise contrastive alignment: raise the chosen in absolute terms, not only above the rejected.
///
///     L = −log σ(β a) − ½ log σ(−β a) − ½ log σ(−β r)
///
/// Source: Chen et al. 2024, arXiv:2402.05369 with K = 2.
///
/// Departures: none.
public struct NCA: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "NCA")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let chosen = beta * pairs.chosenRatios
    let rejected = beta * pairs.rejectedRatios
    return -logSigmoid(chosen) - 0.5 * logSigmoid(-chosen) - 0.5 * logSigmoid(-rejected)
  }
}
