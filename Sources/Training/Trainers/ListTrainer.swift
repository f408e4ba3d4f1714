// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import LanguageModels
public import Objectives
public import Torch

/// Trains a policy on ranked or scored lists with any ``ListObjective``.
public struct ListTrainer {
  /// Updated in place.
  public let policy: any LanguageModel
  /// Frozen.
  public let reference: any LanguageModel
  /// The loss.
  public let objective: ListwiseLoss
  /// Holds the policy's parameters.
  public let optimizer: any Optimizer
  /// How a step is taken; microbatches count lists.
  public let plan: StepPlan

  /// Creates a trainer.
  public init(
    policy: any LanguageModel, reference: any LanguageModel, objective: ListwiseLoss,
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

  /// Trains until the run's last step; the loss is the weighted mean over the step's lists.
  ///
  /// - Parameters:
  ///   - lists: the data.
  ///   - order: which lists each step takes.
  ///   - heldOut: lists for evaluation; nil evaluates nothing.
  ///   - run: bookkeeping.
  ///   - save: writes the policy into a checkpoint.
  /// - Throws: ``TrainingError``, ``TrainingInterrupted``, errors of log and checkpoints.
  public func fit(
    _ lists: ListRows, order: DataOrder, heldOut: ListRows? = nil, run: TrainingRun,
    save: (URL) throws -> Void
  ) throws {
    try run.begin(save: save)
    for indices in order.batches(from: run.step).prefix(run.remainingStepCount) {
      try Task.checkCancellation()
      optimizer.zeroGrad()

      let total = totalWeight(lists.weights, indices)
      var metrics = MetricMeans()
      let parts = plan.parts(indices) { lists.tokenCount(of: $0) }
      for (number, part) in parts.enumerated() {
        let batch = ListBatch(lists, part, reader)
        let terms = plan.training(step: run.step, part: number) {
          loss(batch, withDetails: run.logsThisStep, &metrics)
        }
        (terms.loss * (terms.weight / total)).backward()
        metrics.add(terms)
        metrics.addSharing(batch.rows.batch, in: policy)
      }

      try plan.apply(optimizer, &metrics, step: run.step, rows: indices)
      try run.finishStep(
        metrics, epoch: order.epoch(after: run.step + 1),
        tokenCount: indices.reduce(0) { $0 + lists.tokenCount(of: $1) },
        evaluate: heldOut.map { held in { evaluate(held) } }, save: save)
    }
  }

  private func loss(
    _ batch: ListBatch, withDetails: Bool, _ metrics: inout MetricMeans
  ) -> Terms {
    let reading = reader.policy(batch.rows, withDetails: withDetails)
    if let entropies = reading.entropies {
      metrics.add("entropy", sums: entropies, counts: reading.counts)
    }
    let policy = batch.table(reading.logProbs)
    let lists = objective.inputs(
      policy: policy, reference: batch.table(reader.reference(batch.rows)), labels: batch.labels,
      mask: batch.mask)
    return objective(lists, policy: policy, weights: batch.weights)
  }

  /// Loss and reward metrics on lists that were not trained on.
  public func evaluate(_ lists: ListRows) -> [(name: String, value: Double)] {
    var metrics = MetricMeans()
    withoutGrad {
      for part in plan.evaluationParts(lists.count) {
        metrics.add(loss(ListBatch(lists, part, reader), withDetails: true, &metrics))
      }
    }
    return metrics.values
  }
}

/// Some lists side by side: their candidates as rows, and the places of these in a table `[B, K]`.
private struct ListBatch {
  let rows: DistinctRows
  /// ψ, `[B, K]`, 0 in empty places.
  let labels: Tensor
  /// 1 where there is a candidate, `[B, K]`.
  let mask: Tensor
  /// How much each list counts, `[B]`; nil counts each once.
  let weights: Tensor?
  private let shape: [Int]
  private let places: Tensor

  init(_ data: ListRows, _ indices: [Int], _ reader: CompletionReader) {
    let lists = indices.map(data.places(of:))
    let width = lists.map(\.count).max() ?? 0
    let device = reader.policy.device
    rows = reader.rows(lists.joined().map { data.candidates[$0] })
    shape = [lists.count, width]
    places = Tensor(
      lists.enumerated().flatMap { row, list in
        list.indices.map { row * width + $0 - list.lowerBound }
      },
      device: device)
    let values = lists.joined().map { Float(data.labels[$0]) }
    labels = Self.table(Tensor(values, device: device), places, shape)
    mask = Self.table(
      Tensor([Float](repeating: 1, count: values.count), device: device), places, shape)
    weights = pairWeights(data.weights, indices, on: device)
  }

  /// Numbers of the candidates as a table `[B, K]`, 0 in empty places.
  func table(_ values: Tensor) -> Tensor { Self.table(values, places, shape) }

  private static func table(_ values: Tensor, _ places: Tensor, _ shape: [Int]) -> Tensor {
    Tensor.zeros([shape[0] * shape[1]], elementType: values.elementType, device: values.device)
      .scattering(0, places, values).reshaped(shape)
  }
}
