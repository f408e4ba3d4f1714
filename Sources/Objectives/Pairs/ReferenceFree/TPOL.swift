// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Triple preference optimization with length normalisation and a margin.
///
///     L = −log σ(β [ā_w − ā_l] − γ) + α NLL(y_gold)     ā = log π(y)/n
///
/// Source: Saeidi et al. 2024, arXiv:2405.16681 (TPO-L).
///
/// Departures: none. NLL is over the gold tokens of the batch. No reference is read.
public struct TPOL: PairObjective, Sendable, Equatable {
  /// Scale β of the mean log-probability, above 0.
  public var beta: Double
  /// Margin γ, at least 0.
  public var gamma: Double
  /// Weight α of the gold completion's likelihood, at least 0.
  public var alpha: Double
  /// The formula names it.
  public var thirdCompletion: ThirdCompletion.Kind? { .gold }

  /// Creates the loss.
  public init(beta: Double = 2, gamma: Double = 0.5, alpha: Double = 1) {
    require(.beta, beta, "TPOL")
    require(.tpoGamma, gamma, "TPOL")
    require(.tpoAlpha, alpha, "TPOL")
    self.beta = beta
    self.gamma = gamma
    self.alpha = alpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    guard let gold = pairs.third else {
      requireArguments(false, "TPOL", "needs a gold completion")
      return pairs.policy.chosen
    }
    let nll = pairs.meanNLL(
      "TPOL", gold.policy, gold.tokenCounts, tokensPerItem: gold.tokensPerCompletion)
    return alpha * nll + SimPO(beta: beta, gamma: gamma).losses(pairs)
  }
}
