// SPDX-License-Identifier: Apache-2.0
public import Torch

/// A likelihood term for reasons: why the chosen completion is better, beside any loss on pairs.
///
/// With r the rationale, read after the prompt and both completions:
///
///     L = L_pair − γ log π(r | x, y_w ≻ y_l)              linear, the paper's
///     L = L_pair − log σ(γ log π(r | x, y_w ≻ y_l))       sigmoid, the official code's
///
/// On ``DPO`` with sums of log-probabilities it is RDPO; on ORPO with means over the rationale's tokens it is RORPO
/// (sigmoid) or its simple form (linear). There is no reference in this term.
///
/// Source: Just et al. 2024, arXiv:2407.14477.
///
/// Departures: none in either form. The sigmoid's gradient in log π(r) is −γ σ(−γ log π(r)), about half the linear one
/// where γ |log π(r)| is small, and its value at γ = 0 is ln 2. The denominator is the number of rationales, not of pairs.
public struct RationaleTerm: Sendable, Equatable {
  /// How log π(r) enters.
  public enum Form: String, Sendable, CaseIterable {
    /// −γ log π(r).
    case linear
    /// −log σ(γ log π(r)).
    case sigmoid
  }

  /// Weight γ, at least 0. Paper: 1e-3, where log π(r) is a sum over some 200 tokens.
  public var gamma: Double
  /// The paper's form or the official code's.
  public var form: Form

  /// Creates the term; the defaults are the paper's.
  public init(gamma: Double = 1e-3, form: Form = .linear) {
    requireArguments(
      gamma >= 0 && gamma.isFinite, "RationaleTerm", "gamma must be at least 0; got \(gamma)")
    self.gamma = gamma
    self.form = form
  }

  /// The term of each of R rationales in nats, `[R]`, from log π(r|x, y_w ≻ y_l) in nats, `[R]`.
  public func losses(_ logProbs: Tensor) -> Tensor {
    switch form {
    case .linear: -gamma * logProbs
    case .sigmoid: -logSigmoid(gamma * logProbs)
    }
  }

  /// Adds the term to the loss of some pairs.
  ///
  /// - Parameters:
  ///   - pairs: loss and metrics of B pairs.
  ///   - logProbs: log π(r) of the R ≤ B pairs that have a rationale, `[R]`, R at least 1; carries the gradient.
  /// - Returns: the pairs' mean loss plus the mean over the R rationales; their metrics with `logps/rationale` and
  ///   `rationale_loss`, means over the R.
  public func callAsFunction(_ pairs: Terms, logProbs: Tensor) -> Terms {
    requireArguments(
      logProbs.rank == 1 && logProbs.elementCount > 0, "RationaleTerm",
      "log-probs must be [R] with at least one rationale; got \(logProbs.shape)")
    let mean = losses(logProbs).mean()
    let count = Double(logProbs.elementCount)
    var terms = pairs
    terms.loss = pairs.loss + mean
    terms.metrics["logps/rationale"] = Mean(value: logProbs.mean(), weight: count)
    terms.metrics["rationale_loss"] = Mean(value: mean, weight: count)
    return terms
  }
}
