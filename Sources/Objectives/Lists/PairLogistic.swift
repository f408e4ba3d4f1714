// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Every ordered pair of a list through the logistic loss; with two candidates it is ``DPO``.
///
///     L = Σ_{ψ_i > ψ_j} softplus(−(s_i − s_j))
///
/// Source: Liu et al. 2024, arXiv:2402.01878, after Burges et al. 2005 (RankNet).
///
/// Departures: none. Pairs of equal ψ are left out; the sum over pairs is not divided.
public struct PairLogistic: ListObjective, Sendable, Equatable {
  /// True: the formula compares candidates by their labels.
  public var readsOrder: Bool { true }

  /// Creates the loss; it has no parameters.
  public init() {}

  /// The loss of each of B lists, `[B]`.
  public func losses(_ lists: ListInputs) -> Tensor {
    lists.sumOverOrderedPairs(softplus(-lists.differences))
  }
}
