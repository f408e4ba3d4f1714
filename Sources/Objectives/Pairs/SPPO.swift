// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Self-play preference optimization with hard labels: both log-ratios are regressed on what a sure win and a sure loss are worth.
///
///     L = (a − 1/(2β))² + (r + 1/(2β))²
///
/// Source: Wu et al. 2024, arXiv:2405.00675, with win probabilities 1 and 0; 1/β is the paper's η.
///
/// Departures: none.
public struct SPPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "SPPO")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let target = 1 / (2 * beta)
    return square(pairs.chosenRatios - target) + square(pairs.rejectedRatios + target)
  }
}
