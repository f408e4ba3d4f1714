// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Weighted preference optimization: pairs the policy would itself sample count for more.
///
///     ω(y) = exp(mean_t [log π(y_t) − log Σ_v π(v)²])
///     L = −ω(y_w) ω(y_l) log σ(β D)
///
/// Source: Zhou et al. 2024, arXiv:2406.11827
///
/// Departures: none. ω carries no gradient; the denominator is the number of pairs, not Σ ω.
public struct WPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// True: the formula weighs tokens.
  public var readsTokens: Bool { true }
  /// True: the formula compares tokens with what else the policy could say.
  public var readsSquares: Bool { true }

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "WPO")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    guard let tokens = pairs.policyTokens, let expected = pairs.logSumSquares else {
      requireArguments(false, "WPO", "weighs by token: tables of token log-probs are missing")
      return pairs.ratioMargins
    }
    let counts = pairs.counts("WPO")
    let chosen = (tokens.chosen - expected.chosen).sum(1) / counts.chosen
    let rejected = (tokens.rejected - expected.rejected).sum(1) / counts.rejected
    let weight = exp(chosen + rejected).detached()
    return -(weight * logSigmoid(beta * pairs.ratioMargins))
  }
}
