// SPDX-License-Identifier: Apache-2.0
public import Torch

/// DPO's loss made unbiased where a known share of labels is flipped.
///
///     L = [−(1 − ε) log σ(β D) + ε log σ(−β D)] / (1 − 2ε)
///
/// Source: Chowdhury et al. 2024, arXiv:2403.00409
///
/// Departures: none. A single pair's loss may be negative. ε = 0 is ``DPO``.
public struct RobustDPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Share ε of flipped labels, in [0, 0.5).
  public var labelSmoothing: Double

  /// Creates the loss.
  public init(beta: Double = 0.1, labelSmoothing: Double = 0.1) {
    require(.beta, beta, "RobustDPO")
    require(.labelSmoothing, labelSmoothing, "RobustDPO")
    self.beta = beta
    self.labelSmoothing = labelSmoothing
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let h = beta * pairs.ratioMargins
    let ifRight = -logSigmoid(h)
    let ifFlipped = -logSigmoid(-h)
    let unbiased = (1 - labelSmoothing) * ifRight - labelSmoothing * ifFlipped
    return unbiased / (1 - 2 * labelSmoothing)
  }
}
