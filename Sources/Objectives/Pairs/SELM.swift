// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Self-exploring language models: DPO that is optimistic about what its reference would not say.
///
///     L = −log σ(β D) + α β [log π(ŷ) − log π_ref(ŷ)]     ŷ ~ π_ref(·|x)
///
/// Source: Zhang et al. 2024, arXiv:2405.19332
///
/// Departures: none. The term is linear and unbounded below in log π(ŷ): keep α small. α = 0 is ``DPO``.
public struct SELM: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Weight α of optimism, at least 0. Paper: 1e-4 to 1e-3.
  public var alpha: Double
  /// The formula names it.
  public var thirdCompletion: ThirdCompletion.Kind? { .referenceResponse }

  /// Creates the loss.
  public init(beta: Double = 0.1, alpha: Double = 1e-3) {
    require(.beta, beta, "SELM")
    require(.selmAlpha, alpha, "SELM")
    self.beta = beta
    self.alpha = alpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    guard let response = pairs.third else {
      requireArguments(false, "SELM", "needs a response of the reference")
      return pairs.ratioMargins
    }
    let optimism = response.policy - response.reference.detached()
    return -logSigmoid(beta * pairs.ratioMargins) + (alpha * beta) * optimism
  }
}
