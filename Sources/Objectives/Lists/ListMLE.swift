// SPDX-License-Identifier: Apache-2.0
public import Torch

/// The likelihood of drawing the candidates in the order of their labels (Plackett-Luce); with two it is ``DPO``.
///
///     τ = order of decreasing ψ
///     L = Σ_k [log Σ_{m≥k} exp s_τ(m) − s_τ(k)]
///
/// Source: Liu et al. 2024, arXiv:2402.01878 (there DPO_PL); Xia et al. 2008.
///
/// Departures: equal labels have no order: each place is normalised over all candidates that are not better, itself included.
public struct ListMLE: ListObjective, Sendable, Equatable {
  /// True: the formula compares candidates by their labels.
  public var readsOrder: Bool { true }

  /// Creates the loss; it has no parameters.
  public init() {}

  /// The loss of each of B lists, `[B]`.
  public func losses(_ lists: ListInputs) -> Tensor {
    // A candidate stays in the draw of another unless it was drawn before: unless its label is larger.
    let isAtMost = not(lists.labels.unsqueezed(1) .> lists.labels.unsqueezed(2))
    let here = lists.isPresent.unsqueezed(1)
    let width = lists.scores.size(1)
    let order = Tensor.range(0..<width, device: lists.scores.device)
    let isSelf = order.unsqueezed(1) .== order.unsqueezed(0)
    // Each place keeps itself, so that an empty one holds no infinity.
    let remaining = (isAtMost .&& here) .|| isSelf  // [B, K, K]
    let candidates = lists.scores.unsqueezed(1).expanded([-1, width, -1])
    let normalizers = candidates.filled(where: not(remaining), with: -.infinity).logSumExp(2)
    return lists.sumOverCandidates(normalizers - lists.scores)
  }
}
