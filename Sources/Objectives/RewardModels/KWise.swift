// SPDX-License-Identifier: Apache-2.0
public import Torch

/// The reward-model loss on rankings: every pair of a list is a Bradley-Terry comparison.
///
/// For scores s_1 … s_K of one prompt's candidates, best first:
///
///     L = Σ_{i<j} softplus(−(s_i − s_j)) / C(K, 2)
///
/// averaged over lists. One forward pass a candidate serves all its pairs, and no list counts more than another
/// for being long. Source: Ouyang et al. 2022, arXiv:2203.02155, eq. 1. Departures: none; lists with fewer than
/// two candidates are left out of the mean.
public struct KWise: Sendable, Equatable {
  /// Creates the loss; it has no parameters.
  public init() {}

  /// Loss of B rankings.
  ///
  /// - Parameters:
  ///   - scores: `[B, K]`, best candidate first; carries the gradient.
  ///   - mask: 1 where there is a candidate, `[B, K]`; nil where all lists are full.
  /// - Returns: the mean over lists in nats, weighing as many lists as have a pair; `accuracy` (ties are wrong)
  ///   and `margin` over pairs, `mean_reward` over candidates.
  public func callAsFunction(scores: Tensor, mask: Tensor? = nil) -> Terms {
    let lists = RankedScores("K-wise loss", scores: scores, mask: mask)
    let pairLosses = softplus(-lists.differences).filled(where: not(lists.isPair), with: 0)
    let listLosses = pairLosses.sum(2).sum(1) / lists.pairCounts.clamped(min: 1)  // [B]
    return Terms(
      loss: listLosses.sum() / max(lists.listCount, 1), weight: lists.listCount,
      metrics: lists.metrics)
  }
}
