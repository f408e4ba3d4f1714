// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Torch

/// Reads completions under a policy and its frozen reference: what losses on single completions and on lists are
/// computed from.
struct CompletionReader {
  let policy: any LanguageModel
  let reference: any LanguageModel
  let plan: StepPlan

  /// Sums over the targets of each row given, `[B]` each.
  struct Reading {
    /// log π(y|x) in nats; carries the gradient.
    var logProbs: Tensor
    /// Entropy of the next-token distributions; nil where nobody asked.
    var entropies: Tensor?
    /// Mean of each position's logits; nil where nobody asked.
    var logits: Tensor?
    /// Count of targets.
    var counts: Tensor
  }

  /// Lays rows out, equal ones once.
  func rows(_ rows: [TokenRow]) -> DistinctRows {
    DistinctRows(rows, padTokenID: plan.padTokenID, device: policy.device)
  }

  /// Reads rows under the policy.
  func policy(_ rows: DistinctRows, withDetails: Bool) -> Reading {
    let result = withAutocast(plan.autocast, on: policy.device) {
      policy.targetLogProbs(
        of: rows.batch, wantsEntropy: withDetails, wantsMeanLogit: withDetails,
        checkpointing: plan.checkpointsActivations)
    }
    func sums(_ values: Tensor) -> Tensor { rows.spread(rows.batch.rowSums(values)) }
    return Reading(
      logProbs: sums(result.logProbs), entropies: result.entropy.map { sums($0.detached()) },
      logits: result.meanLogit.map { sums($0.detached()) },
      counts: rows.spread(Tensor(rows.batch.targetCounts.map(Float.init), device: policy.device)))
  }

  /// log π_ref(y|x) of each row given, `[B]`, without gradient.
  func reference(_ rows: DistinctRows) -> Tensor {
    withoutGrad {
      withAutocast(plan.autocast, on: policy.device) {
        rows.spread(reference.sequenceLogProbs(of: rows.batch))
      }
    }
  }

  /// log π − log π_ref of each row given, `[B]`, without gradient.
  func ratios(_ rows: DistinctRows) -> Tensor {
    withoutGrad { policy(rows, withDetails: false).logProbs - reference(rows) }
  }
}

extension MetricMeans {
  /// Adds the mean over all targets of sums over the targets of rows.
  mutating func add(_ name: String, sums: Tensor, counts: Tensor) {
    let count: Double = counts.sum().item
    add(name, sums.sum().item / Swift.max(count, 1), weight: count)
  }
}
