// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import LanguageModels
public import Objectives
public import Torch

/// Pairs as whole texts, better and worse, for a reward model.
public struct ScoredPairs: Sendable {
  /// The better texts.
  public var chosen = TokenRows()
  /// The worse texts, in the same order.
  public var rejected = TokenRows()
  /// By how much the better should win; nil where no row says.
  public var margins: [Double]?
  /// A number for the prompt of each pair, the same for equal prompts.
  public var promptNumbers: [Int] = []
  /// How much each pair counts in the loss; nil where all count once.
  public var weights: [Double]?

  /// No pairs.
  public init() {}

  /// Count of pairs.
  public var count: Int { chosen.count }
}

/// Trains a reward model on pairs with the Bradley-Terry loss.
public struct RewardTrainer {
  /// Updated in place.
  public let model: ScalarHeadModel
  /// The loss.
  public let objective: BradleyTerry
  /// Holds the model's parameters.
  public let optimizer: any Optimizer
  /// How a step is taken; microbatches count pairs.
  public let plan: StepPlan

  /// Creates a trainer.
  public init(
    model: ScalarHeadModel, objective: BradleyTerry, optimizer: any Optimizer, plan: StepPlan
  ) {
    self.model = model
    self.objective = objective
    self.optimizer = optimizer
    self.plan = plan
  }

  /// Trains until the run's last step; the loss is the weighted mean over the step's pairs.
  ///
  /// - Parameters:
  ///   - pairs: the data.
  ///   - order: which pairs each step takes.
  ///   - heldOut: pairs for evaluation; nil evaluates nothing.
  ///   - run: bookkeeping.
  ///   - save: writes the model into a checkpoint.
  /// - Throws: ``TrainingError``, ``TrainingInterrupted``, errors of log and checkpoints.
  public func fit(
    _ pairs: ScoredPairs, order: DataOrder, heldOut: ScoredPairs? = nil, run: TrainingRun,
    save: (URL) throws -> Void
  ) throws {
    try run.begin(save: save)
    for indices in order.batches(from: run.step).prefix(run.remainingStepCount) {
      try Task.checkCancellation()
      optimizer.zeroGrad()

      var metrics = MetricMeans()
      var spread = ScoreSpread()
      let total = totalWeight(pairs.weights, indices)
      let parts = plan.parts(indices) {
        pairs.chosen.length(of: $0) + pairs.rejected.length(of: $0)
      }
      for (number, part) in parts.enumerated() {
        let rows = distinctRows(pairs, part)
        let terms = plan.training(step: run.step, part: number) {
          loss(pairs, part, rows, &spread)
        }
        (terms.loss * (terms.weight / total)).backward()
        metrics.add(terms)
        metrics.addSharing(rows.batch, in: model.trunk)
      }
      spread.addRange(to: &metrics)

      try plan.apply(optimizer, &metrics, step: run.step, rows: indices)
      try run.finishStep(
        metrics, epoch: order.epoch(after: run.step + 1),
        tokenCount: indices.reduce(0) {
          $0 + pairs.chosen.length(of: $1) + pairs.rejected.length(of: $1)
        },
        evaluate: heldOut.map { held in { evaluate(held) } }, save: save)
    }
  }

  private func loss(
    _ pairs: ScoredPairs, _ indices: [Int], _ rows: DistinctRows, _ spread: inout ScoreSpread
  ) -> Terms {
    let scores = scores(rows)
    let count = indices.count
    let margin = pairs.margins.map { margins in
      Tensor(indices.map { Float(margins[$0]) }, device: scores.device)
    }
    spread.take(scores.detached())
    return objective(
      chosen: scores.narrowed(0, 0..<count), rejected: scores.narrowed(0, count..<2 * count),
      margin: margin, weights: pairWeights(pairs.weights, indices, on: scores.device))
  }

  /// Chosen, then rejected texts: one forward pass for both, each distinct text read once.
  private func distinctRows(_ pairs: ScoredPairs, _ indices: [Int]) -> DistinctRows {
    DistinctRows(
      indices.map { pairs.chosen[$0] } + indices.map { pairs.rejected[$0] },
      padTokenID: plan.padTokenID, device: model.trunk.device)
  }

  /// Scores of chosen, then rejected texts, `[2 B]`.
  private func scores(_ rows: DistinctRows) -> Tensor {
    rows.spread(
      withAutocast(plan.autocast, on: model.trunk.device) {
        model.scores(of: rows.batch, checkpointing: plan.checkpointsActivations)
      })
  }

  /// Loss, accuracy (ties are wrong), margin and calibration on pairs that were not trained on.
  public func evaluate(_ pairs: ScoredPairs) -> [(name: String, value: Double)] {
    var metrics = MetricMeans()
    var spread = ScoreSpread()
    withoutGrad {
      for part in plan.evaluationParts(pairs.count) {
        metrics.add(loss(pairs, part, distinctRows(pairs, part), &spread))
      }
    }
    spread.addRange(to: &metrics)
    metrics.add("calibration_error", ReliabilityBins(margins: spread.margins).expectedError)
    return metrics.values
  }
}

/// What is known only over all microbatches of a step or an evaluation.
private struct ScoreSpread {
  private var lowest = Double.infinity
  private var highest = -Double.infinity
  /// Chosen less rejected score of each pair.
  private(set) var margins: [Double] = []

  /// Takes scores of chosen, then rejected texts, `[2 B]`.
  mutating func take(_ scores: Tensor) {
    let values = scores.doubles
    lowest = min(lowest, values.min() ?? lowest)
    highest = max(highest, values.max() ?? highest)
    let count = values.count / 2
    margins += (0..<count).map { values[$0] - values[count + $0] }
  }

  func addRange(to metrics: inout MetricMeans) {
    metrics.add("min_reward", lowest)
    metrics.add("max_reward", highest)
  }
}
