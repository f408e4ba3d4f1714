// SPDX-License-Identifier: Apache-2.0
public import LanguageModels
public import Objectives

/// Everything a run without a critic can choose besides models, data and the method's formulas.
public struct PolicyGradientSettings: Sendable {
  /// Prompts an update.
  public var promptCount = 1
  /// G: completions a prompt.
  public var groupSize = 8
  /// Passes over the completions of an update.
  public var iterationCount = 1
  /// Optimizer steps a pass.
  public var minibatchCount = 1
  /// How completions are drawn; its temperature divides all logits, also those of training.
  public var sampling = SamplingSettings()
  /// Rows decoded together.
  public var generationBatchSize = 64
  /// Rows of a forward pass that needs no gradient; nil takes the microbatch's.
  public var readingBatchSize: Int?
  /// Whether prompts are shuffled anew each epoch.
  public var shuffles = true
  /// What happens to the score of a completion without an end.
  public var missingEOS = MissingEOS.ignored
  /// What is added to the score of long completions; nil adds nothing.
  public var overlongPenalty: SoftOverlongPenalty?
  /// Whether completions without an end are left out of the loss. Their scores still count for the others.
  public var masksTruncated = false
  /// Times that groups of equal scores are replaced by groups of other prompts before an update; 0 keeps them.
  public var resamplingCount = 0
  /// Whether the log-probabilities of sampling serve as those of the old policy, which saves a forward pass.
  public var reusesSamplingLogProbs = false
  /// Seed of sampling and of minibatches.
  public var seed: UInt64 = 42

  /// The defaults.
  public init() {}

  /// Completions an update.
  public var rolloutCount: Int { promptCount * groupSize }

  /// Optimizer steps an update.
  public var stepCount: Int { iterationCount * minibatchCount }

  /// Checks what depends on several settings.
  ///
  /// - Parameter leastGroupSize: fewest completions a prompt that the method can learn from.
  /// - Throws: ``TrainingError/badSetting(name:value:wanted:)``.
  public func validate(leastGroupSize: Int) throws {
    func require(_ holds: Bool, _ name: String, _ value: String, _ wanted: String) throws {
      guard holds else { throw TrainingError.badSetting(name: name, value: value, wanted: wanted) }
    }
    try require(
      groupSize >= leastGroupSize, "num_generations", "\(groupSize)",
      "at least \(leastGroupSize): the method compares the completions of one prompt with each other, "
        + "and one alone has nothing to be compared with")
    try require(promptCount > 0, "prompts an update", "\(promptCount)", "at least 1")
    try require(iterationCount > 0, "num_iterations", "\(iterationCount)", "at least 1")
    try require(
      minibatchCount > 0 && minibatchCount <= rolloutCount, "optimizer steps a pass",
      "\(minibatchCount)", "1 to the \(rolloutCount) completions of an update")
    try require(
      sampling.temperature > 0, "temperature", "\(sampling.temperature)",
      "a number above 0: a greedy policy explores nothing")
    try require(
      resamplingCount == 0 || (resamplingCount > 0 && groupSize > 1), "dynamic_sampling_rounds",
      "\(resamplingCount) with num_generations \(groupSize)",
      "0, or a number above 0 with at least 2 completions a prompt")
  }
}
