// SPDX-License-Identifier: Apache-2.0
public import Torch

/// A loss on ranking scores, with the policy's log-ratios as the scores.
///
///     s_i = β [log π(y_i|x) − log π_ref(y_i|x)]
///     L = L_rank(s, ψ)
///
/// Source: Liu et al. 2024, arXiv:2402.01878. With lists of two, ``PairLogistic`` makes it ``DPO``.
///
/// Departures: none. The reference is used without gradient; the denominator is the number of lists, or the sum of
/// their weights.
public struct ListwiseLoss {
  /// Pull β towards the reference, above 0; larger stays closer.
  public let beta: Double
  /// The loss on scores.
  public let objective: any ListObjective

  /// Creates the loss.
  public init(_ objective: any ListObjective, beta: Double = 0.1) {
    require(.beta, beta, "ListwiseLoss")
    self.beta = beta
    self.objective = objective
  }

  /// Scores and labels of B lists as the losses read them.
  ///
  /// - Parameters:
  ///   - policy: log π of each candidate in nats, summed over its tokens, `[B, K]`; carries the gradient.
  ///   - reference: the same under the reference.
  ///   - labels: ψ, `[B, K]`, larger is better.
  ///   - mask: 1 where there is a candidate, `[B, K]`; nil where all lists are full.
  /// - Returns: the lists, with β times the log-ratios as scores.
  public func inputs(
    policy: Tensor, reference: Tensor, labels: Tensor, mask: Tensor? = nil
  ) -> ListInputs {
    requireEqualShapes("ListwiseLoss", [("policy", policy), ("reference", reference)])
    return ListInputs(
      scores: beta * (policy - reference.detached()), labels: labels, mask: mask)
  }

  /// Loss and metrics of B lists.
  ///
  /// - Parameters:
  ///   - lists: made by ``inputs(policy:reference:labels:mask:)``.
  ///   - policy: log π of each candidate, `[B, K]`, for the metrics.
  ///   - weights: how much each list counts, at least 0, `[B]`; nil counts each once.
  /// - Returns: the weighted mean loss over the B lists; plain means over the B lists of the reward s of the best and of
  ///   the worst candidate by ψ (ties share) as `rewards/chosen` and `rewards/rejected`, their difference as
  ///   `rewards/margins`, their log π as `logps/chosen` and `logps/rejected`; over all pairs of unequal ψ
  ///   `rewards/accuracies`, the share in the right order (equal rewards are wrong); and β as `beta`.
  public func callAsFunction(
    _ lists: ListInputs, policy: Tensor, weights: Tensor? = nil
  ) -> Terms {
    let losses = objective.losses(lists)
    let (mean, weight) = weightedMean("\(type(of: objective))", losses, weights)
    return Terms(loss: mean, weight: weight, metrics: metrics(lists, policy: policy))
  }

  private func metrics(_ lists: ListInputs, policy: Tensor) -> [String: Mean] {
    withoutGrad {
      let best = lists.shares(ofExtreme: 1)
      let worst = lists.shares(ofExtreme: -1)
      let listCount = Double(best.size(0))
      func mean(_ values: Tensor, _ shares: Tensor) -> Tensor {
        lists.sumOverCandidates(values * shares).mean()
      }
      let chosen = mean(lists.scores, best)
      let rejected = mean(lists.scores, worst)
      var metrics = [
        "rewards/chosen": chosen, "rewards/rejected": rejected,
        "rewards/margins": chosen - rejected, "logps/chosen": mean(policy.widened, best),
        "logps/rejected": mean(policy.widened, worst),
        "beta": Tensor(beta, elementType: .float64),
      ].mapValues { Mean(value: $0, weight: listCount) }
      let isRight = (lists.differences .> 0).to(lists.scores.elementType)
      let ones = isRight * 0 + 1
      let pairCount = lists.sumOverOrderedPairs(ones).sum()
      let count: Double = pairCount.item
      if count > 0 {
        metrics["rewards/accuracies"] = Mean(
          value: lists.sumOverOrderedPairs(isRight).sum() / count, weight: count)
      }
      return metrics
    }
  }
}

extension ListInputs {
  /// Weights that sum to 1 over the candidates of a list with its largest (`sign` 1) or smallest (−1) label, `[B, K]`.
  fileprivate func shares(ofExtreme sign: Double) -> Tensor {
    let signed = (labels * sign).filled(where: not(isPresent), with: -.infinity)
    let isExtreme = (signed .== signed.max(1, keep: true)) .&& isPresent
    let ones = isExtreme.to(scores.elementType)
    return ones / ones.sum(1, keep: true)
  }
}
