// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Batch geometry, optimizer and schedule of a run, under the meanings users bring with them.
public struct OptimizationSettings: Sendable, Equatable {
  /// The optimizers.
  public enum Algorithm: String, Sendable, CaseIterable {
    /// ``AdamW``, fused.
    case adamw
    /// ``SGD`` without momentum.
    case sgd
  }

  /// Which optimizer.
  public var algorithm = Algorithm.adamw
  /// Rows (or pairs) of a forward pass.
  public var microbatchSize = 8
  /// Rows (or pairs) of a forward pass in evaluation; nil takes ``microbatchSize``.
  public var evaluationBatchSize: Int?
  /// Most tokens of a forward pass in training; nil leaves it to ``microbatchSize``. Rows of a step stay those of
  /// ``batchSize``.
  public var tokenBudget: Int?
  /// Forward passes of an optimizer step.
  public var accumulation = 1
  /// Passes over the data, where ``maxSteps`` does not say otherwise; fractions allowed.
  public var epochCount = 3.0
  /// Optimizer steps; -1 leaves it to ``epochCount``.
  public var maxSteps = -1
  /// Base learning rate.
  public var learningRate = 2e-5
  /// Its course.
  public var schedule = LearningRateSchedule.Kind.linear
  /// Steps of warm-up; overrides ``warmupRatio`` where above 0.
  public var warmupSteps = 0
  /// Share of all steps that is warm-up.
  public var warmupRatio = 0.0
  /// Where schedules with a minimum end, as a share of the base rate.
  public var minimumRateShare = 0.1
  /// Decoupled weight decay of matrices.
  public var weightDecay = 0.0
  /// Decay of the first moment.
  public var beta1 = 0.9
  /// Decay of the second moment.
  public var beta2 = 0.999
  /// Added to the denominator.
  public var epsilon = 1e-8
  /// Whether ε has the place it has in TensorFlow's Adam.
  public var usesEpsilonHat = false
  /// Bound of the gradient norm; 0 does not clip.
  public var maxGradNorm = 1.0
  /// Type of matrix products; nil is that of the weights.
  public var autocast: ElementType?
  /// Whether activations are computed again in the backward pass.
  public var checkpointsActivations = false

  /// The defaults most users know.
  public init() {}

  /// Rows of an optimizer step.
  public var batchSize: Int { microbatchSize * accumulation }

  /// Optimizer steps for a data set.
  public func stepCount(rowCount: Int) -> Int {
    guard maxSteps < 0 else { return maxSteps }
    let stepsPerEpoch = (rowCount + batchSize - 1) / batchSize
    return max(1, Int((Double(stepsPerEpoch) * epochCount).rounded(.up)))
  }

  /// The schedule over a run.
  public func learningRates(base: Double? = nil, stepCount: Int) -> LearningRateSchedule {
    let warmup = warmupSteps > 0 ? warmupSteps : Int((Double(stepCount) * warmupRatio).rounded(.up))
    return LearningRateSchedule(
      schedule, base: base ?? learningRate, warmupStepCount: warmup, stepCount: stepCount,
      minimumShare: minimumRateShare)
  }

  func plan(stepCount: Int, padTokenID: Int) -> StepPlan {
    var plan = StepPlan(
      microbatchSize: microbatchSize, schedule: learningRates(stepCount: stepCount))
    plan.evaluationBatchSize = evaluationBatchSize
    plan.tokenBudget = tokenBudget
    plan.maxGradNorm = maxGradNorm
    plan.autocast = autocast
    plan.checkpointsActivations = checkpointsActivations
    plan.padTokenID = padTokenID
    return plan
  }

  func optimizer(_ parameters: NamedTensors) -> any Optimizer {
    switch algorithm {
    case .adamw:
      AdamW(
        parameters, learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
        weightDecay: weightDecay, usesEpsilonHat: usesEpsilonHat)
    case .sgd: SGD(parameters, learningRate: learningRate, weightDecay: weightDecay)
    }
  }

  /// Checks the ranges.
  ///
  /// - Throws: ``TrainingError/badSetting(name:value:wanted:)``.
  public func validate() throws {
    func require(_ holds: Bool, _ name: String, _ value: some Any, _ wanted: String) throws {
      guard holds else {
        throw TrainingError.badSetting(name: name, value: "\(value)", wanted: wanted)
      }
    }
    try require(
      learningRate > 0 && learningRate.isFinite, "learning_rate", learningRate, "a number above 0")
    try require(microbatchSize > 0, "per_device_train_batch_size", microbatchSize, "at least 1")
    try require(
      evaluationBatchSize ?? 1 > 0, "per_device_eval_batch_size", evaluationBatchSize ?? 0,
      "at least 1, or 0 for that of training")
    try require(
      tokenBudget ?? 1 > 0, "token_budget", tokenBudget ?? 0, "at least 1, or 0 to count rows")
    try require(accumulation > 0, "gradient_accumulation_steps", accumulation, "at least 1")
    try require(
      maxSteps > 0 || maxSteps == -1, "max_steps", maxSteps, "a number above 0, or -1 for epochs")
    try require(epochCount > 0, "num_train_epochs", epochCount, "a number above 0")
    try require((0..<1).contains(beta1), "adam_beta1", beta1, "0 to below 1")
    try require((0..<1).contains(beta2), "adam_beta2", beta2, "0 to below 1")
    try require(epsilon > 0, "adam_epsilon", epsilon, "a number above 0")
    try require(weightDecay >= 0, "weight_decay", weightDecay, "at least 0")
    try require((0...1).contains(warmupRatio), "warmup_ratio", warmupRatio, "0 to 1")
  }
}
