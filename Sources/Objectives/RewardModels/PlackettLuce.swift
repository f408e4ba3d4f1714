// SPDX-License-Identifier: Apache-2.0
public import Torch

/// The reward-model loss on rankings as a whole: the likelihood of drawing the candidates in the observed order.
///
/// For scores s_1 … s_K of one prompt's candidates, best first:
///
///     L = − Σ_i [ s_i − log Σ_{j≥i} exp(s_j) ]
///
/// averaged over lists. With K = 2 it is ``BradleyTerry``. Source: Plackett 1975; Luce 1959; as a reward-model
/// loss Zhu et al. 2023, arXiv:2301.11270, section 4. Departures: none; lists with fewer than two candidates are
/// left out of the mean.
public struct PlackettLuce: Sendable, Equatable {
  /// Creates the loss; it has no parameters.
  public init() {}

  /// Loss of B rankings.
  ///
  /// - Parameters:
  ///   - scores: `[B, K]`, best candidate first; carries the gradient.
  ///   - mask: 1 where there is a candidate, `[B, K]`; nil where all lists are full.
  /// - Returns: the mean over lists in nats (a sum over the places of each), weighing as many lists as have two
  ///   candidates; `accuracy` (ties are wrong) and `margin` over pairs, `mean_reward` over candidates.
  public func callAsFunction(scores: Tensor, mask: Tensor? = nil) -> Terms {
    let lists = RankedScores("Plackett-Luce loss", scores: scores, mask: mask)
    let width = scores.size(1)
    let order = Tensor.range(0..<width, device: scores.device)
    let isSelf = order.unsqueezed(1) .== order.unsqueezed(0)
    // Each place keeps itself, so an empty one contributes log exp(0) − 0 = 0 and no infinity arises.
    let remaining = lists.isPair .|| isSelf  // [B, K, K]
    let candidates = lists.scores.unsqueezed(1).expanded([-1, width, -1])
    let normalizers = candidates.filled(where: not(remaining), with: -.infinity).logSumExp(2)
    let listLosses = (normalizers - lists.scores).sum(1)  // [B]
    return Terms(
      loss: listLosses.sum() / max(lists.listCount, 1), weight: lists.listCount,
      metrics: lists.metrics)
  }
}
