// SPDX-License-Identifier: Apache-2.0
public import Torch

/// The log-probabilities a model gives to the two completions of each of B pairs.
public struct PairLogProbs {
  /// log π(y_w|x) in nats, summed over completion tokens, `[B]`.
  public var chosen: Tensor
  /// log π(y_l|x) in nats, summed over completion tokens, `[B]`.
  public var rejected: Tensor

  /// Joins the two halves of B pairs.
  public init(chosen: Tensor, rejected: Tensor) {
    self.chosen = chosen
    self.rejected = rejected
  }
}

/// A loss on preference pairs: one method's formula, without models, tokens or devices.
public protocol PairObjective {
  /// Loss and metrics of B pairs.
  ///
  /// - Parameters:
  ///   - policy: log-probabilities under the model in training; carries the gradient.
  ///   - reference: the same under the frozen reference; computed without gradient.
  ///   - weights: how much each pair counts, at least 0, `[B]`; nil counts each once.
  /// - Returns: the weighted mean loss over the B pairs, weighing the sum of `weights` (B without them); metrics are
  ///   plain means over the B pairs.
  func callAsFunction(policy: PairLogProbs, reference: PairLogProbs, weights: Tensor?) -> Terms
}

extension PairObjective {
  /// Loss and metrics of B pairs that all count once.
  public func callAsFunction(policy: PairLogProbs, reference: PairLogProbs) -> Terms {
    self(policy: policy, reference: reference, weights: nil)
  }
}

/// Stops with a sentence unless the four tensors are `[B]` with one B above 0.
func requirePairs(_ operation: String, _ policy: PairLogProbs, _ reference: PairLogProbs) {
  requireEqualShapes(
    operation,
    [
      ("policy chosen", policy.chosen), ("policy rejected", policy.rejected),
      ("reference chosen", reference.chosen), ("reference rejected", reference.rejected),
    ])
  requireArguments(
    policy.chosen.rank == 1 && policy.chosen.elementCount > 0, operation,
    "log-probs must be [B] with at least one pair; got \(policy.chosen.shape)")
}

/// The metrics every pair loss with a reference reports: rewards are β times the summed log-ratios, whatever the loss.
func pairMetrics(beta: Double, policy: PairLogProbs, reference: PairLogProbs) -> [String: Mean] {
  withoutGrad {
    let chosen = beta * (policy.chosen - reference.chosen)
    let rejected = beta * (policy.rejected - reference.rejected)
    let isRight = (chosen .> rejected).to(chosen.elementType)
    let pairCount = Double(chosen.elementCount)
    let means = [
      "rewards/chosen": chosen, "rewards/rejected": rejected, "rewards/accuracies": isRight,
      "rewards/margins": chosen - rejected, "logps/chosen": policy.chosen,
      "logps/rejected": policy.rejected,
    ]
    var metrics = means.mapValues { Mean(value: $0.mean(), weight: pairCount) }
    metrics["beta"] = Mean(value: Tensor(beta, elementType: .float64), weight: pairCount)
    return metrics
  }
}
