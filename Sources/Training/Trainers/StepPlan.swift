// SPDX-License-Identifier: Apache-2.0
public import Torch

/// How an optimizer step is taken, whatever the objective.
public struct StepPlan: Sendable, Equatable {
  /// Rows (or pairs) of a forward pass.
  public var microbatchSize: Int
  /// Rows (or pairs) of a forward pass in evaluation; nil takes ``microbatchSize``.
  public var evaluationBatchSize: Int?
  /// Most tokens of a forward pass in training, in place of ``microbatchSize``; nil counts rows. A row over it is read
  /// alone.
  public var tokenBudget: Int?
  /// The learning rate over the run.
  public var schedule: LearningRateSchedule
  /// Bound of the gradient norm; 0 does not clip.
  public var maxGradNorm = 1.0
  /// Type of matrix products; nil is that of the weights.
  public var autocast: ElementType?
  /// Whether blocks are computed again in the backward pass to save memory.
  public var checkpointsActivations = false
  /// Fills rows; no result depends on it.
  public var padTokenID = 0
  /// Seed of dropout in training, where the model has any; nil drops nothing.
  public var dropoutSeed: UInt64?

  /// Rows (or pairs, or packs) of a step in the parts that forward passes take, in order.
  func parts<Row>(_ rows: [Row], tokenCount: (Row) -> Int) -> [[Row]] {
    guard let tokenBudget else { return rows.chunks(of: microbatchSize) }
    var parts: [[Row]] = []
    var room = 0
    for row in rows {
      let count = tokenCount(row)
      if count > room || parts.isEmpty {
        parts.append([])
        room = tokenBudget
      }
      parts[parts.count - 1].append(row)
      room -= count
    }
    return parts
  }

  /// Places 0 ..< `count` in the parts evaluation reads at once.
  func evaluationParts(_ count: Int) -> [[Int]] {
    Array(0..<count).chunks(of: evaluationBatchSize ?? microbatchSize)
  }

  /// Creates a plan.
  public init(microbatchSize: Int, schedule: LearningRateSchedule) {
    self.microbatchSize = microbatchSize
    self.schedule = schedule
  }

  /// Runs the forward pass of one microbatch in training, with dropout that depends on seed, step and part alone.
  func training<Result>(step: Int, part: Int, _ body: () throws -> Result) rethrows -> Result {
    try withDropout(
      seed: dropoutSeed.map { SplitMix($0, 0xD409, UInt64(step), UInt64(part)) }, body)
  }

  /// Clips, checks and applies the collected gradients; nothing changes where they are not finite.
  ///
  /// - Throws: ``TrainingError/notFinite(what:step:rows:)``.
  func apply(
    _ optimizer: any Optimizer, _ metrics: inout MetricMeans, step: Int, rows: [Int]
  ) throws {
    if let loss = metrics["loss"], !loss.isFinite {
      throw TrainingError.notFinite(what: "loss", step: step + 1, rows: rows)
    }
    optimizer.learningRate = schedule.rate(at: step)
    let norm = optimizer.clipGradNorm(to: maxGradNorm)
    guard norm.isFinite else {
      throw TrainingError.notFinite(what: "gradient", step: step + 1, rows: rows)
    }
    optimizer.step()
    metrics.add("grad_norm", norm)
    metrics.set("learning_rate", optimizer.learningRate)
  }
}
