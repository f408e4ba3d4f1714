// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Odds ratio preference optimization: fine-tuning and preference in one step, without a reference.
///
///     odds(y) = p / (1 − p)     p = exp(log π(y)/n)
///     L = NLL − β log σ(log odds(y_w) − log odds(y_l))     NLL = −Σ log π(y_w) / Σ n_w
///
/// Source: Hong et al. 2024, arXiv:2403.07691, eqs. 6 and 7; β is the paper's λ.
///
/// Departures: none. TRL's NLL runs over prompt and completion, here over the completion.
/// NLL is over the chosen tokens of the whole step, by weight. No reference is read.
public struct ORPO: PairObjective, Sendable, Equatable {
  /// Weight β (the paper's λ) of the odds ratio, above 0.
  public var beta: Double

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "ORPO")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let means = pairs.means("ORPO")
    let logOdds =
      (means.chosen - means.rejected) - (log1mexp(means.chosen) - log1mexp(means.rejected))
    return pairs.chosenNLL("ORPO") - beta * logSigmoid(logOdds)
  }
}

/// log(1 − eˣ) for x below 0, exact at both ends; x above −1e-7, a sure completion, counts as −1e-7.
private func log1mexp(_ x: Tensor) -> Tensor {
  let half = -0.6931471805599453  // −ln 2
  // Each branch sees only arguments on its side, so that neither puts an infinity into the gradient.
  let far = log1p(-exp(x.clamped(max: half)))
  let near = log(-expm1(x.clamped(half, -1e-7)))
  return select(where: x .< half, far, near)
}
