// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Simple preference optimization: the reward is the policy's own log-probability a token, and must win by a margin.
///
///     L = −log σ(β [ā_w − ā_l] − γ)     ā = log π(y)/n
///
/// Source: Meng et al. 2024, arXiv:2405.14734, eq. 6.
///
/// Departures: none. The official code's `gamma_beta_ratio` is γ/β. No reference is read.
public struct SimPO: PairObjective, Sendable, Equatable {
  /// Scale β of the mean log-probability, above 0. Paper: 2 to 10.
  public var beta: Double
  /// Margin γ, at least 0. Paper: 0.3 to 0.5 times β.
  public var gamma: Double

  /// Creates the loss.
  public init(beta: Double = 2, gamma: Double = 1) {
    require(.beta, beta, "SimPO")
    require(.simpoGamma, gamma, "SimPO")
    self.beta = beta
    self.gamma = gamma
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let means = pairs.means("SimPO")
    return -logSigmoid(beta * (means.chosen - means.rejected) - gamma)
  }
}
