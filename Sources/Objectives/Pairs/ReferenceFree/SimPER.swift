// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Inverse perplexities of chosen and rejected completions, without any hyper-parameter.
///
///     L = −exp(ā_w) + exp(ā_l)     ā = log π(y)/n
///
/// Source: Xiao et al. 2025, arXiv:2502.00883
///
/// Departures: none. No reference is read.
public struct SimPER: PairObjective, Sendable, Equatable {
  /// 1: the formula has no β.
  public var beta: Double { 1 }

  /// Creates the loss; it has no parameters.
  public init() {}

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let means = pairs.means("SimPER")
    return exp(means.rejected) - exp(means.chosen)
  }
}
