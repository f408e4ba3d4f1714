// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Hinge on log-ratios: a pair that is won by enough teaches nothing more.
///
///     L = max(0, 1 − β D)     D = a − r
///
/// Source: Liu et al. 2023 (RSO), arXiv:2309.06657; Zhao et al. 2023 (SLiC), arXiv:2305.10425.
///
/// Departures: none. SLiC's own form, without a reference and with a likelihood term, is ``SLiCHF``.
public struct RatioHinge: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "RatioHinge")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    relu(1 - beta * pairs.ratioMargins)
  }
}
