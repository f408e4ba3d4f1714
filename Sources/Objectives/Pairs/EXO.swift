// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Torch

/// Efficient exact optimization: the reverse KL from the policy's own preference to the labelled one, which is mode-seeking.
///
///     q = σ(β D)
///     L = q [log q − log(1 − ε)] + (1 − q) [log(1 − q) − log ε]
///
/// Source: Ji et al. 2024, arXiv:2402.00856 with K = 2.
///
/// Departures: none. ε stands for the label's doubt and must be above 0: the loss diverges as ε → 0. q carries the gradient.
public struct EXO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Doubt ε in each label, above 0 and below 0.5.
  public var labelSmoothing: Double

  /// Creates the loss.
  public init(beta: Double = 0.1, labelSmoothing: Double = 1e-3) {
    require(.beta, beta, "EXO")
    require(.positiveSmoothing, labelSmoothing, "EXO")
    self.beta = beta
    self.labelSmoothing = labelSmoothing
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let h = beta * pairs.ratioMargins
    let ifRight = sigmoid(h) * (logSigmoid(h) - Foundation.log(1 - labelSmoothing))
    let ifFlipped = sigmoid(-h) * (logSigmoid(-h) - Foundation.log(labelSmoothing))
    return ifRight + ifFlipped
  }
}
