// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Sequence likelihood calibration: the chosen completion should be more likely by a margin.
///
///     L = max(0, δ − log π(y_w) + log π(y_l)) + λ NLL     NLL = −Σ log π(y_w) / Σ n_w
///
/// Source: Zhao et al. 2023, arXiv:2305.10425
///
/// Departures: the paper's likelihood is that of a separate target; here the chosen completion is the target.
/// NLL is over the chosen tokens of the whole step, by weight. No reference is read.
public struct SLiCHF: PairObjective, Sendable, Equatable {
  /// Margin δ in nats, at least 0.
  public var delta: Double
  /// Weight λ of the likelihood, at least 0.
  public var nllWeight: Double
  /// 1: the formula has no β.
  public var beta: Double { 1 }

  /// Creates the loss.
  public init(delta: Double = 1, nllWeight: Double = 1) {
    require(.slicDelta, delta, "SLiCHF")
    require(.nllWeight, nllWeight, "SLiCHF")
    self.delta = delta
    self.nllWeight = nllWeight
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let margin = pairs.policy.chosen - pairs.policy.rejected
    return nllWeight * pairs.chosenNLL("SLiCHF") + relu(delta - margin)
  }
}
