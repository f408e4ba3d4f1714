// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import LanguageModels
public import Objectives
public import Torch

/// Trains a policy on single completions that are good or bad, with any ``UnpairedObjective``.
public struct UnpairedTrainer {
  /// Updated in place.
  public let policy: any LanguageModel
  /// Frozen.
  public let reference: any LanguageModel
  /// The loss.
  public let objective: any UnpairedObjective
  /// Holds the policy's parameters.
  public let optimizer: any Optimizer
  /// How a step is taken; microbatches count completions.
  public let plan: StepPlan

  /// Creates a trainer.
  public init(
    policy: any LanguageModel, reference: any LanguageModel, objective: any UnpairedObjective,
    optimizer: any Optimizer, plan: StepPlan
  ) {
    self.policy = policy
    self.reference = reference
    self.objective = objective
    self.optimizer = optimizer
    self.plan = plan
  }

  private var reader: CompletionReader {
    CompletionReader(policy: policy, reference: reference, plan: plan)
  }

  /// Trains until the run's last step; the loss is the weighted mean over the step's completions.
  ///
  /// - Parameters:
  ///   - rows: the data.
  ///   - order: which rows each step takes.
  ///   - heldOut: rows for evaluation; nil evaluates nothing.
  ///   - run: bookkeeping.
  ///   - save: writes the policy into a checkpoint.
  /// - Throws: ``TrainingError``, ``TrainingInterrupted``, errors of log and checkpoints.
  public func fit(
    _ rows: UnpairedRows, order: DataOrder, heldOut: UnpairedRows? = nil, run: TrainingRun,
    save: (URL) throws -> Void
  ) throws {
    try run.begin(save: save)
    for indices in order.batches(from: run.step).prefix(run.remainingStepCount) {
      try Task.checkCancellation()
      optimizer.zeroGrad()

      let anchor = anchor(rows, indices, partSize: plan.microbatchSize)
      let total = totalWeight(rows.weights, indices)
      var metrics = MetricMeans()
      let parts = plan.parts(indices) { rows.texts.length(of: $0) }
      for (number, part) in parts.enumerated() {
        let batch = UnpairedBatch(rows, part, reader)
        let terms = plan.training(step: run.step, part: number) {
          loss(batch, anchor, withDetails: run.logsThisStep, &metrics)
        }
        (terms.loss * (terms.weight / total)).backward()
        metrics.add(terms)
        metrics.addSharing(batch.rows.batch, in: policy)
      }
      addBatchMetrics(&metrics, anchor, count: indices.count)

      try plan.apply(optimizer, &metrics, step: run.step, rows: indices)
      try run.finishStep(
        metrics, epoch: order.epoch(after: run.step + 1),
        tokenCount: indices.reduce(0) { $0 + rows.texts.length(of: $1) },
        evaluate: heldOut.map { held in { evaluate(held) } }, save: save)
    }
  }

  /// What the loss measures on a whole batch before it looks at single completions: nothing is learnt from it.
  private func anchor(_ rows: UnpairedRows, _ indices: [Int], partSize: Int) -> Tensor? {
    let empty = Tensor([Float](), device: policy.device)
    let none = PairLogProbs(chosen: empty, rejected: empty)
    switch objective.anchorSource {
    case .none: return nil
    case .mismatched:
      var batch = UnpairedInputs(policy: none, reference: none)
      let ratios = rows.mismatched(indices).chunks(of: partSize).map {
        reader.ratios(reader.rows($0))
      }
      batch.mismatchedRatios = concatenated(ratios)
      return objective.anchor(of: batch)
    case .examples:
      var batch = UnpairedInputs(policy: none, reference: none)
      for part in indices.chunks(of: partSize) {
        let inputs = withoutGrad {
          let examples = UnpairedBatch(rows, part, reader)
          return examples.inputs(reader.policy(examples.rows, withDetails: false), reader)
        }
        batch.policy = batch.policy.joined(with: inputs.policy)
        batch.reference = batch.reference.joined(with: inputs.reference)
      }
      return objective.anchor(of: batch)
    }
  }

  private func loss(
    _ batch: UnpairedBatch, _ anchor: Tensor?, withDetails: Bool, _ metrics: inout MetricMeans
  ) -> Terms {
    let reading = reader.policy(batch.rows, withDetails: withDetails)
    if let entropies = reading.entropies {
      metrics.add("entropy", sums: entropies, counts: reading.counts)
    }
    if let logits = reading.logits.map(batch.sides) {
      let counts = batch.sides(reading.counts)
      metrics.add("logits/chosen", sums: logits.chosen, counts: counts.chosen)
      metrics.add("logits/rejected", sums: logits.rejected, counts: counts.rejected)
    }
    return objective(batch.inputs(reading, reader), anchor: anchor)
  }

  /// What is known only over all microbatches of a step or an evaluation.
  private func addBatchMetrics(_ metrics: inout MetricMeans, _ anchor: Tensor?, count: Int) {
    if let chosen = metrics["rewards/chosen"], let rejected = metrics["rewards/rejected"] {
      metrics.add("rewards/margins", chosen - rejected, weight: Double(count))
    }
    if let anchor, let name = objective.anchorSource.metric {
      metrics.add(name, anchor.item, weight: Double(count))
    }
  }

  /// Loss and reward metrics on rows that were not trained on, taken as one batch.
  public func evaluate(_ rows: UnpairedRows) -> [(name: String, value: Double)] {
    var metrics = MetricMeans()
    withoutGrad {
      let all = Array(0..<rows.count)
      let anchor = anchor(
        rows, all, partSize: plan.evaluationBatchSize ?? plan.microbatchSize)
      for part in plan.evaluationParts(rows.count) {
        let batch = UnpairedBatch(rows, part, reader)
        metrics.add(loss(batch, anchor, withDetails: true, &metrics))
      }
      addBatchMetrics(&metrics, anchor, count: rows.count)
    }
    return metrics.values
  }
}

/// Some completions side by side, the desirable ones first.
private struct UnpairedBatch {
  let rows: DistinctRows
  private let desirableCount: Int
  private let weights: Tensor?
  private let densityRatios: Tensor?

  init(_ data: UnpairedRows, _ indices: [Int], _ reader: CompletionReader) {
    let good = indices.filter { data.isDesirable[$0] }
    let bad = indices.filter { !data.isDesirable[$0] }
    desirableCount = good.count
    rows = reader.rows((good + bad).map { data.texts[$0] })
    let device = reader.policy.device
    weights = pairWeights(data.weights, good + bad, on: device)
    densityRatios = pairWeights(data.densityRatios, bad, on: device)
  }

  /// Numbers of all completions by side.
  func sides(_ values: Tensor) -> PairLogProbs {
    PairLogProbs(
      chosen: values.narrowed(0, 0..<desirableCount),
      rejected: values.narrowed(0, desirableCount..<values.size(0)))
  }

  /// What the objective may know of them.
  func inputs(_ reading: CompletionReader.Reading, _ reader: CompletionReader) -> UnpairedInputs {
    var inputs = UnpairedInputs(
      policy: sides(reading.logProbs), reference: sides(reader.reference(rows)), weights: weights)
    inputs.densityRatios = densityRatios
    return inputs
  }
}

extension PairLogProbs {
  /// These, then others.
  fileprivate func joined(with others: PairLogProbs) -> PairLogProbs {
    PairLogProbs(
      chosen: concatenated([chosen, others.chosen]),
      rejected: concatenated([rejected, others.rejected]))
  }
}
