// SPDX-License-Identifier: Apache-2.0
public import Torch

/// DPO with a price on length: a longer chosen completion has to be better by more.
///
///     L = −log σ(β D + α (n_w − n_l))
///
/// Source: Park et al. 2024 (R-DPO), arXiv:2403.19159
///
/// Departures: the sign: α > 0 puts a share of the preference down to length, so that what is left to learn is smaller for pairs won
/// by length. α = 0 is ``DPO``.
public struct LengthRegularizedDPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Price α of a token of length, at least 0.
  public var alpha: Double

  /// Creates the loss.
  public init(beta: Double = 0.1, alpha: Double = 0.01) {
    require(.beta, beta, "LengthRegularizedDPO")
    require(.lengthAlpha, alpha, "LengthRegularizedDPO")
    self.beta = beta
    self.alpha = alpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let counts = pairs.counts("LengthRegularizedDPO")
    let lengthMargin = counts.chosen - counts.rejected
    return -logSigmoid(beta * pairs.ratioMargins + alpha * lengthMargin)
  }
}
