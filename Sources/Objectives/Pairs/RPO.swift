// SPDX-License-Identifier: Apache-2.0
public import Torch

/// DPO with the chosen completion's likelihood a token beside it.
///
///     L = −log σ(β D) − α log π(y_w)/n_w
///
/// Source: Pang et al. 2024 (iterative reasoning preference optimization), arXiv:2404.19733
///
/// Departures: none. The likelihood is a mean over each completion's own tokens, then over pairs.
public struct RPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Weight α of the likelihood, at least 0.
  public var alpha: Double

  /// Creates the loss.
  public init(beta: Double = 0.1, alpha: Double = 1) {
    require(.beta, beta, "RPO")
    require(.rpoAlpha, alpha, "RPO")
    self.beta = beta
    self.alpha = alpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    -logSigmoid(beta * pairs.ratioMargins) - alpha * pairs.means("RPO").chosen
  }
}
