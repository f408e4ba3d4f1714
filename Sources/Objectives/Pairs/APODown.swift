// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Anchored preference optimization, down: lower both completions, the rejected one more.
///
///     L = σ(β a) + 1 − σ(β D)
///
/// Source: D'Oosterlinck et al. 2024, arXiv:2408.06266
///
/// Departures: none. Fit for pairs whose chosen completion is worse than what the model says.
public struct APODown: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "APODown")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    sigmoid(beta * pairs.chosenRatios) + 1 - sigmoid(beta * pairs.ratioMargins)
  }
}
