// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Exploratory preference optimization: DPO that lowers the likelihood of what the fixed reference samples.
///
///     L = −log σ(β D) + α log π(ỹ)     ỹ the member of the pair that was sampled from the reference
///
/// Source: Xie et al. 2024, arXiv:2405.21046.
///
/// Departures: none. α = 0 is ``DPO``.
public struct XPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Weight α of exploration, at least 0.
  public var alpha: Double
  /// The formula names it.
  public var thirdCompletion: ThirdCompletion.Kind? { .referenceResponse }

  /// Creates the loss.
  public init(beta: Double = 0.1, alpha: Double = 1e-3) {
    require(.beta, beta, "XPO")
    require(.selmAlpha, alpha, "XPO")
    self.beta = beta
    self.alpha = alpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    guard let response = pairs.third else {
      requireArguments(false, "XPO", "needs a response of the reference")
      return pairs.ratioMargins
    }
    return -logSigmoid(beta * pairs.ratioMargins) + alpha * response.policy
  }
}
