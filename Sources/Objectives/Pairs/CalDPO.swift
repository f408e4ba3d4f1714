// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Calibrated DPO: the log-ratios themselves, not only their difference, are tied to a scale.
///
///     L = −log σ(D) + (a − 1/(2β))² + (r + 1/(2β))²
///
/// Source: Xiao et al. 2024, arXiv:2412.14516
///
/// Departures: none known; there is no β inside the sigmoid. Less ``SPPO`` it is ``DPO`` with β = 1.
public struct CalDPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "CalDPO")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    SPPO(beta: beta).losses(pairs) - logSigmoid(pairs.ratioMargins)
  }
}
