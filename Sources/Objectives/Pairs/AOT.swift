// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Alignment via optimal transport, paired: the policy's margins should exceed the reference's as distributions.
///
///     δ = sort(log π(y_w) − log π(y_l)) − sort(log π_ref(y_w) − log π_ref(y_l))     ascending, over the batch
///     L = −(1 − ε) log σ(β δ) − ε log σ(−β δ)
///
/// Source: Melnyk et al. 2024, arXiv:2406.05882
///
/// Departures: none. Entry i is about the i-th smallest margins, not about pair i, and depends on the whole batch: splitting it into
/// microbatches changes the loss. The gradient follows the policy's sort. With one pair it is ``DPO``.
public struct AOT: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Share ε of pairs taken to be mislabelled, in [0, 0.5).
  public var labelSmoothing: Double
  /// False: the sort couples the pairs of a batch.
  public var acceptsWeights: Bool { false }

  /// Creates the loss.
  public init(beta: Double = 0.1, labelSmoothing: Double = 0) {
    require(.beta, beta, "AOT")
    require(.labelSmoothing, labelSmoothing, "AOT")
    self.beta = beta
    self.labelSmoothing = labelSmoothing
  }

  /// The loss at each of B quantiles, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let policy = (pairs.policy.chosen - pairs.policy.rejected).sorted(0).values
    let margins = (pairs.reference.chosen - pairs.reference.rejected).detached()
    let h = beta * (policy - margins.sorted(0).values)
    return (labelSmoothing - 1) * logSigmoid(h) - labelSmoothing * logSigmoid(-h)
  }
}
