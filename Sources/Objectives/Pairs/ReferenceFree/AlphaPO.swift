// SPDX-License-Identifier: Apache-2.0
public import Torch

/// SimPO with another shape of reward, which limits how far likelihood falls.
///
///     ρ(y) = (1 − exp(−α ā)) / α     ā = log π(y)/n
///     L = −log σ(β [ρ_w − ρ_l] − γ)
///
/// Source: Gupta et al. 2025, arXiv:2501.03884
///
/// Departures: none. α → 0 is ``SimPO``; α = 0 itself is refused as a division by zero.
public struct AlphaPO: PairObjective, Sendable, Equatable {
  /// Scale β of the mean log-probability, above 0. SimPO's paper: 2 to 10.
  public var beta: Double
  /// Margin γ, at least 0.
  public var gamma: Double
  /// Shape α, not 0. Paper: 0.05 to 0.25.
  public var alpha: Double

  /// Creates the loss.
  public init(beta: Double = 2, gamma: Double = 1, alpha: Double = 0.25) {
    require(.beta, beta, "AlphaPO")
    require(.simpoGamma, gamma, "AlphaPO")
    require(.alphaPO, alpha, "AlphaPO")
    self.beta = beta
    self.gamma = gamma
    self.alpha = alpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let means = pairs.means("AlphaPO")
    func reward(_ mean: Tensor) -> Tensor { (1 - exp(-alpha * mean)) / alpha }
    return -logSigmoid(beta * (reward(means.chosen) - reward(means.rejected)) - gamma)
  }
}
