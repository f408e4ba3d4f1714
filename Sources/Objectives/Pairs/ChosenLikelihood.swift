// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Supervised fine-tuning on the chosen completions, as a part of a mix.
///
///     L = −Σ log π(y_w) / Σ n_w     over the batch: the same scalar for each pair
///
/// Source: the likelihood term of mixed preference optimization, Wang et al. 2024, arXiv:2411.10442; `sft` in TRL.
///
/// Departures: none. The denominator is the number of chosen tokens of the whole step, by weight. Rejected completions and the
/// reference are not read.
public struct ChosenLikelihood: PairObjective, Sendable, Equatable {
  /// 1: the formula has no β.
  public var beta: Double { 1 }

  /// Creates the loss; it has no parameters.
  public init() {}

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    pairs.chosenNLL("ChosenLikelihood").expanded(pairs.policy.chosen.shape)
  }
}
