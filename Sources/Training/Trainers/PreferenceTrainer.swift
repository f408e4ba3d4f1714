// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import LanguageModels
public import Objectives
public import Torch

/// Preference pairs as token rows: completions are targets, prompts are not.
public struct PairRows: Sendable {
  /// Prompts with their better completions.
  public var chosen = TokenRows()
  /// Prompts with their worse completions, in the same order.
  public var rejected = TokenRows()
  /// A number for the prompt of each pair, the same for equal prompts.
  public var promptNumbers: [Int] = []

  /// No pairs.
  public init() {}

  /// Count of pairs.
  public var count: Int { chosen.count }
}

/// Trains a policy on preference pairs with any ``PairObjective``.
public struct PreferenceTrainer {
  /// Updated in place.
  public let policy: any LanguageModel
  /// Frozen.
  public let reference: any LanguageModel
  /// The loss.
  public let objective: any PairObjective
  /// Holds the policy's parameters.
  public let optimizer: any Optimizer
  /// How a step is taken; microbatches count pairs.
  public let plan: StepPlan
  /// Whether the reference reads all pairs once before training instead of each batch anew.
  public let precomputesReference: Bool

  /// Creates a trainer.
  public init(
    policy: any LanguageModel, reference: any LanguageModel, objective: any PairObjective,
    optimizer: any Optimizer, plan: StepPlan, precomputesReference: Bool = false
  ) {
    self.policy = policy
    self.reference = reference
    self.objective = objective
    self.optimizer = optimizer
    self.plan = plan
    self.precomputesReference = precomputesReference
  }

  /// Trains until the run's last step.
  ///
  /// - Parameters:
  ///   - pairs: the data.
  ///   - order: which pairs each step takes.
  ///   - heldOut: pairs for evaluation; nil evaluates nothing.
  ///   - run: bookkeeping.
  ///   - save: writes the policy into a checkpoint.
  /// - Throws: ``TrainingError``, ``TrainingInterrupted``, errors of log and checkpoints.
  public func fit(
    _ pairs: PairRows, order: DataOrder, heldOut: PairRows? = nil, run: TrainingRun,
    save: (URL) throws -> Void
  ) throws {
    try run.begin(save: save)
    let known = precomputesReference ? referenceLogProbs(pairs) : nil
    for indices in order.batches(from: run.step).prefix(run.remainingStepCount) {
      try Task.checkCancellation()
      optimizer.zeroGrad()

      var metrics = MetricMeans()
      for (number, part) in indices.chunks(of: plan.microbatchSize).enumerated() {
        let rows = distinctRows(pairs, part)
        let anchor =
          known?.pairs(part, on: policy.device) ?? withoutGrad { logProbs(reference, rows) }
        let learnt = plan.training(step: run.step, part: number) { logProbs(policy, rows) }
        let terms = objective(policy: learnt, reference: anchor)
        (terms.loss * (terms.weight / Double(indices.count))).backward()
        metrics.add(terms)
      }

      try plan.apply(optimizer, &metrics, step: run.step, rows: indices)
      try run.finishStep(
        metrics, epoch: order.epoch(after: run.step + 1),
        tokenCount: indices.reduce(0) {
          $0 + pairs.chosen.length(of: $1) + pairs.rejected.length(of: $1)
        },
        evaluate: heldOut.map { held in { evaluate(held) } }, save: save)
    }
  }

  /// Chosen rows, then rejected ones: one forward pass for both, each distinct row read once.
  private func distinctRows(_ pairs: PairRows, _ indices: [Int]) -> DistinctRows {
    DistinctRows(
      indices.map { pairs.chosen[$0] } + indices.map { pairs.rejected[$0] },
      padTokenID: plan.padTokenID, device: policy.device)
  }

  private func logProbs(_ model: any LanguageModel, _ rows: DistinctRows) -> PairLogProbs {
    let sums = rows.spread(
      withAutocast(plan.autocast, on: policy.device) {
        model.sequenceLogProbs(of: rows.batch, checkpointing: plan.checkpointsActivations)
      })
    let count = sums.size(0) / 2
    return PairLogProbs(
      chosen: sums.narrowed(0, 0..<count), rejected: sums.narrowed(0, count..<2 * count))
  }

  private func referenceLogProbs(_ pairs: PairRows) -> KnownLogProbs {
    var known = KnownLogProbs()
    withoutGrad {
      for part in Array(0..<pairs.count).chunks(of: plan.microbatchSize) {
        let sums = logProbs(reference, distinctRows(pairs, part))
        known.chosen += sums.chosen.floats
        known.rejected += sums.rejected.floats
      }
    }
    return known
  }

  /// Loss and reward metrics on pairs that were not trained on.
  public func evaluate(_ pairs: PairRows) -> [(name: String, value: Double)] {
    var metrics = MetricMeans()
    withoutGrad {
      for part in Array(0..<pairs.count).chunks(of: plan.microbatchSize) {
        let rows = distinctRows(pairs, part)
        metrics.add(
          objective(policy: logProbs(policy, rows), reference: logProbs(reference, rows)))
      }
    }
    return metrics.values
  }
}

/// Log-probabilities of all pairs under the reference, by pair.
private struct KnownLogProbs {
  var chosen: [Float] = []
  var rejected: [Float] = []

  func pairs(_ indices: [Int], on device: Device) -> PairLogProbs {
    PairLogProbs(
      chosen: Tensor(indices.map { chosen[$0] }, device: device),
      rejected: Tensor(indices.map { rejected[$0] }, device: device))
  }
}
