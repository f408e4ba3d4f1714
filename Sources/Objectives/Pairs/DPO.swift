// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Direct Preference Optimization: a classifier on pairs, with the policy as its own reward model.
///
/// For a prompt x with completions y_w (chosen) and y_l (rejected):
///
///     h = [log π(y_w|x) − log π(y_l|x)] − [log π_ref(y_w|x) − log π_ref(y_l|x)]
///     L = −(1 − ε) log σ(β h) − ε log σ(−β h)
///
/// Source: Rafailov et al. 2023, arXiv:2305.18290, eq. 7; the ε form is "conservative DPO" (Mitchell 2023), eq. 3.
///
/// Departures from the paper: none. The denominator is the number of pairs, or the sum of their weights.
///
/// With all reference log-probabilities 0 it is the reference-free form: h is the policy's own log-ratio.
public struct DPO: PairObjective, Sendable, Equatable {
  /// Pull towards the reference policy, above 0; larger stays closer. Paper: 0.1 (0.5 for summarization).
  public var beta: Double
  /// Share ε of pairs assumed to be mislabelled, in [0, 0.5).
  public var labelSmoothing: Double

  /// Creates the loss; the defaults are the paper's.
  public init(beta: Double = 0.1, labelSmoothing: Double = 0) {
    requireArguments(beta > 0 && beta.isFinite, "DPO", "beta must be above 0; got \(beta)")
    requireArguments(
      labelSmoothing >= 0 && labelSmoothing < 0.5, "DPO",
      "label smoothing must be at least 0 and below 0.5; got \(labelSmoothing)")
    self.beta = beta
    self.labelSmoothing = labelSmoothing
  }

  /// The loss of each of B pairs in nats, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let h = pairs.ratioMargins
    let ifRight = -logSigmoid(beta * h)
    let ifFlipped = -logSigmoid(-(beta * h))
    return (1 - labelSmoothing) * ifRight + labelSmoothing * ifFlipped
  }
}
