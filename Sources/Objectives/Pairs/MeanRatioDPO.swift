// SPDX-License-Identifier: Apache-2.0
public import Torch

/// DPO on log-ratios a token, so that long completions have no louder voice.
///
///     L = −log σ(β [a/n_w − r/n_l])
///
/// Source: the length-normalised DPO of Lambert et al. 2024 (Tülu 3), arXiv:2411.15124; `sigmoid_norm` in TRL.
///
/// Departures: none. With completions of one token it is ``DPO``.
public struct MeanRatioDPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "MeanRatioDPO")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    -logSigmoid(beta * pairs.meanRatioMargins("MeanRatioDPO"))
  }
}
