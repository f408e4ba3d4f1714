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
  /// - Parameters:
  ///   - rows: the data.
  ///   - order: which rows each step takes.
  ///   - heldOut: rows for evaluation; nil evaluates nothing.
  ///   - run: bookkeeping; may stand anywhere, the order follows it.
  ///   - save: writes the model into a checkpoint.
  /// - Throws: ``TrainingError``, ``TrainingInterrupted``, errors of log and checkpoints.
  public func fit(
    _ rows: TokenRows, order: DataOrder, heldOut: TokenRows? = nil, run: TrainingRun,
    save: (URL) throws -> Void
  ) throws {
    try run.begin(save: save)
    for indices in order.batches(from: run.step).prefix(run.remainingStepCount) {
      try Task.checkCancellation()
      optimizer.zeroGrad()

      let batch = indices.map { rows[$0] }.sorted { $0.ids.count < $1.ids.count }
      let targetCount = Double(batch.reduce(0) { $0 + $1.targetCount })
      var metrics = MetricMeans()
      for (number, part) in batch.chunks(of: plan.microbatchSize).enumerated() {
        let tokens = TokenBatch(part, padTokenID: plan.padTokenID, device: model.device)
        let terms = plan.training(step: run.step, part: number) {
          loss(tokens, withDetails: run.logsThisStep, &metrics)
        }
        (terms.loss * (terms.weight / targetCount)).backward()
        metrics.add(terms)
      }

      try plan.apply(optimizer, &metrics, step: run.step, rows: indices)
      try run.finishStep(
        metrics, epoch: order.epoch(after: run.step + 1),
        tokenCount: batch.reduce(0) { $0 + $1.ids.count },
        evaluate: heldOut.map { held in { evaluate(held) } }, save: save)
    }
  }

  private func loss(
    _ tokens: TokenBatch, withDetails: Bool, _ metrics: inout MetricMeans
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
    return NextToken()(tokenLogProbs: result.logProbs)
  }

  /// Mean loss a token, perplexity and accuracy on rows that were not trained on.
  public func evaluate(_ rows: TokenRows) -> [(name: String, value: Double)] {
    var metrics = MetricMeans()
    withoutGrad {
      for part in Array(rows).sorted(by: { $0.ids.count < $1.ids.count }).chunks(
        of: plan.microbatchSize)
      {
        let tokens = TokenBatch(part, padTokenID: plan.padTokenID, device: model.device)
        metrics.add(loss(tokens, withDetails: true, &metrics))
      }
    }
    return metrics.values + [("perplexity", Foundation.exp(metrics["loss"] ?? .nan))]
  }
}
