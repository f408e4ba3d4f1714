// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Length-desensitised DPO: tokens beyond the shorter completion's length count for less.
///
///     m = min(n_w, n_l)     log π′(y) = Σ_{t≤m} log π(y_t) + α Σ_{t>m} log π(y_t), on both models
///     L = −log σ(β D′)
///
/// Source: Liu et al. 2024, arXiv:2409.06411
///
/// Departures: none. α = 1 is ``DPO``. The reported rewards are those of the plain sums.
public struct LDDPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Weight α of tokens beyond the shorter length, in [0, 1].
  public var alpha: Double
  /// True: the formula weighs tokens.
  public var readsTokens: Bool { true }

  /// Creates the loss.
  public init(beta: Double = 0.1, alpha: Double = 0.5) {
    require(.beta, beta, "LDDPO")
    require(.ldAlpha, alpha, "LDDPO")
    self.beta = beta
    self.alpha = alpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    guard let policy = pairs.policyTokens, let reference = pairs.referenceTokens else {
      requireArguments(false, "LDDPO", "weighs tokens: tables of token log-probs are missing")
      return pairs.ratioMargins
    }
    let counts = pairs.counts("LDDPO")
    let shorter = minimum(counts.chosen, counts.rejected).unsqueezed(1)  // [B, 1]
    func sum(_ tokens: Tensor) -> Tensor {
      let places = Tensor.range(0..<tokens.size(1), device: tokens.device).to(tokens.elementType)
      let isWithin = (places.unsqueezed(0) .< shorter).to(tokens.elementType)  // [B, T]
      return (tokens * (isWithin * (1 - alpha) + alpha)).sum(1)
    }
    let learnt = sum(policy.chosen) - sum(policy.rejected)
    let anchor = (sum(reference.chosen) - sum(reference.rejected)).detached()
    return -logSigmoid(beta * (learnt - anchor))
  }
}
