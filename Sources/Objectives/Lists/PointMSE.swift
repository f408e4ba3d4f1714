// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Each score is regressed on its label.
///
///     L = Σ_i (ψ_i − s_i)²
///
/// Source: Liu et al. 2024, arXiv:2402.01878.
///
/// Departures: none.
public struct PointMSE: ListObjective, Sendable, Equatable {
  /// Creates the loss; it has no parameters.
  public init() {}

  /// The loss of each of B lists, `[B]`.
  public func losses(_ lists: ListInputs) -> Tensor {
    lists.sumOverCandidates(square(lists.labels - lists.scores))
  }
}
