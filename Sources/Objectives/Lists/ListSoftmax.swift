// SPDX-License-Identifier: Apache-2.0
public import Torch

/// The cross-entropy of the scores' softmax under the labels as they are.
///
///     L = −Σ_i ψ_i log softmax(s)_i
///
/// Source: Liu et al. 2024, arXiv:2402.01878, after Cao et al. 2007 (ListNet).
///
/// Departures: none. The loss grows with Σ ψ; ``InfoNCA`` has labels that sum to 1.
public struct ListSoftmax: ListObjective, Sendable, Equatable {
  /// Creates the loss; it has no parameters.
  public init() {}

  /// The loss of each of B lists, `[B]`.
  public func losses(_ lists: ListInputs) -> Tensor {
    -lists.sumOverCandidates(lists.labels * lists.logSoftmax(lists.scores))
  }
}
