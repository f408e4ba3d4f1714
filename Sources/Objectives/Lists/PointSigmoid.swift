// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Each label, from 0 to 1, is a chance that the sigmoid of the score should meet.
///
///     L = −Σ_i [ψ_i log σ(s_i) + (1 − ψ_i) log σ(−s_i)]
///
/// Source: Liu et al. 2024, arXiv:2402.01878.
///
/// Departures: none.
public struct PointSigmoid: ListObjective, Sendable, Equatable {
  /// A label is a chance.
  public var labelRange: ClosedRange<Double>? { 0...1 }

  /// Creates the loss; it has no parameters.
  public init() {}

  /// The loss of each of B lists, `[B]`.
  public func losses(_ lists: ListInputs) -> Tensor {
    let ifGood = lists.labels * logSigmoid(lists.scores)
    let ifBad = (1 - lists.labels) * logSigmoid(-lists.scores)
    return -lists.sumOverCandidates(ifGood + ifBad)
  }
}
