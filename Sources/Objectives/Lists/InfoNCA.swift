// SPDX-License-Identifier: Apache-2.0
public import Torch

/// The cross-entropy of the scores' softmax under the softmax of the labels.
///
///     L = −Σ_i softmax(ψ)_i log softmax(s)_i
///
/// Source: Chen et al. 2024, arXiv:2402.05369.
///
/// Departures: the labels come divided by the paper's temperature α.
public struct InfoNCA: ListObjective, Sendable, Equatable {
  /// Creates the loss; it has no parameters.
  public init() {}

  /// The loss of each of B lists, `[B]`.
  public func losses(_ lists: ListInputs) -> Tensor {
    let target = exp(lists.logSoftmax(lists.labels))
    return -lists.sumOverCandidates(target * lists.logSoftmax(lists.scores))
  }
}
