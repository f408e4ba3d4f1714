// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Triple preference optimization: learn the gold completion, prefer the chosen to the rejected.
///
///     L = −log σ(β [log π(y_w) − log π(y_l)]) + α NLL(y_gold)
///
/// Source: Saeidi et al. 2024, arXiv:2405.16681
///
/// Departures: none. NLL is over the gold tokens of the batch. No reference is read.
public struct TPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Weight α of the gold completion's likelihood, at least 0.
  public var alpha: Double
  /// The formula names it.
  public var thirdCompletion: ThirdCompletion.Kind? { .gold }

  /// Creates the loss.
  public init(beta: Double = 0.1, alpha: Double = 1) {
    require(.beta, beta, "TPO")
    require(.tpoAlpha, alpha, "TPO")
    self.beta = beta
    self.alpha = alpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    guard let gold = pairs.third else {
      requireArguments(false, "TPO", "needs a gold completion")
      return pairs.policy.chosen
    }
    let nll = pairs.meanNLL(
      "TPO", gold.policy, gold.tokenCounts, tokensPerItem: gold.tokensPerCompletion)
    let margin = pairs.policy.chosen - pairs.policy.rejected
    return alpha * nll - logSigmoid(beta * margin)
  }
}
