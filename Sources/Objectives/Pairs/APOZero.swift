// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Anchored preference optimization, zero: raise chosen completions and lower rejected ones, each against the reference.
///
///     L = 1 − σ(β a) + σ(β r)
///
/// Source: D'Oosterlinck et al. 2024, arXiv:2408.06266
///
/// Departures: none. Fit for pairs whose chosen completion is better than what the model says.
public struct APOZero: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "APOZero")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    1 - sigmoid(beta * pairs.chosenRatios) + sigmoid(beta * pairs.rejectedRatios)
  }
}
