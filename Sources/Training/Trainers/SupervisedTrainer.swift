// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import LanguageModels
import Objectives
public import Torch

/// Trains a language model on texts: pretraining and supervised fine-tuning.
public struct SupervisedTrainer {
  /// Updated in place.
  public let model: any LanguageModel
  /// Holds the model's parameters.
  public let optimizer: any Optimizer
  /// How a step is taken.
  public let plan: StepPlan

  /// Creates a trainer.
  public init(model: any LanguageModel, optimizer: any Optimizer, plan: StepPlan) {
    self.model = model
    self.optimizer = optimizer
    self.plan = plan
  }

  /// Trains until the run's last step.
  ///
  /// The loss is the weighted mean over the step's target tokens, each with the weight of its row.
  ///
  /// - Parameters:
  ///   - rows: the data.
  ///   - packs: numbers of rows that stand together; nil takes each row alone.
  ///   - order: which packs each step takes.
  ///   - heldOut: rows for evaluation; nil evaluates nothing.
  ///   - run: bookkeeping; may stand anywhere, the order follows it.
  ///   - save: writes the model into a checkpoint.
  /// - Throws: ``TrainingError``, ``TrainingInterrupted``, errors of log and checkpoints.
  public func fit(
    _ rows: TokenRows, packs: [[Int]]? = nil, order: DataOrder, heldOut: TokenRows? = nil,
    run: TrainingRun,
    save: (URL) throws -> Void
  ) throws {
    try run.begin(save: save)
    for indices in order.batches(from: run.step).prefix(run.remainingStepCount) {
      try Task.checkCancellation()
      optimizer.zeroGrad()

      let units = packs.map { packs in indices.map { packs[$0] } } ?? byLength(indices, rows)
      let batch = Array(units.joined())
      let total = batch.reduce(0) { $0 + rows.weight(of: $1) * Double(rows[$1].targetCount) }
      var metrics = MetricMeans()
      let parts = plan.parts(units) { unit in unit.reduce(0) { $0 + rows.length(of: $1) } }
      for (number, part) in parts.enumerated() {
        let part = Array(part.joined())
        let tokens = tokenBatch(rows, part)
        metrics.addSharing(tokens, in: model)
        let terms = plan.training(step: run.step, part: number) {
          loss(rows, part, tokens, withDetails: run.logsThisStep, &metrics)
        }
        (terms.loss * (terms.weight / total)).backward()
        metrics.add(terms)
      }

      try plan.apply(optimizer, &metrics, step: run.step, rows: packs == nil ? indices : batch)
      try run.finishStep(
        metrics, epoch: order.epoch(after: run.step + 1),
        tokenCount: batch.reduce(0) { $0 + rows.length(of: $1) },
        evaluate: heldOut.map { held in { evaluate(held) } }, save: save)
    }
  }

  /// Rows one by one, those of like length next to each other.
  private func byLength(_ indices: [Int], _ rows: TokenRows) -> [[Int]] {
    indices.sorted { rows.length(of: $0) < rows.length(of: $1) }.map { [$0] }
  }

  private func tokenBatch(_ rows: TokenRows, _ part: [Int]) -> TokenBatch {
    TokenBatch(part.map { rows[$0] }, padTokenID: plan.padTokenID, device: model.device)
  }

  private func loss(
    _ rows: TokenRows, _ part: [Int], _ tokens: TokenBatch, withDetails: Bool,
    _ metrics: inout MetricMeans
  ) -> Terms {
    let result = withAutocast(plan.autocast, on: model.device) {
      model.targetLogProbs(
        of: tokens, wantsEntropy: withDetails, wantsTop1: withDetails,
        checkpointing: plan.checkpointsActivations)
    }
    let weight = Double(tokens.targetCount)
    if let top1 = result.top1 {
      metrics.add("mean_token_accuracy", top1.mean().item, weight: weight)
    }
    if let entropy = result.entropy {
      metrics.add("entropy", entropy.detached().mean().item, weight: weight)
    }
    let terms = NextToken()(
      tokenLogProbs: result.logProbs, weights: targetWeights(rows, part, tokens))
    metrics.addExponential(
      "perplexity", ofMean: terms.loss.detached().item, weight: terms.weight)
    return terms
  }

  /// The weight of each target's row, `[N]`; nil where all count once.
  private func targetWeights(_ rows: TokenRows, _ part: [Int], _ tokens: TokenBatch) -> Tensor? {
    guard rows.isWeighted else { return nil }
    let weights = zip(part, tokens.targetCounts).flatMap { row, count in
      repeatElement(Float(rows.weight(of: row)), count: count)
    }
    return Tensor(weights, device: model.device)
  }

  /// Mean loss a token, perplexity and accuracy on rows that were not trained on.
  public func evaluate(_ rows: TokenRows) -> [(name: String, value: Double)] {
    var metrics = MetricMeans()
    withoutGrad {
      let order = rows.indices.sorted { rows.length(of: $0) < rows.length(of: $1) }
      for part in plan.evaluationParts(rows.count) {
        let part = part.map { order[$0] }
        metrics.add(loss(rows, part, tokenBatch(rows, part), withDetails: true, &metrics))
      }
    }
    return metrics.values
  }
}
