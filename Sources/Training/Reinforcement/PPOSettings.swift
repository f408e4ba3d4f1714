// SPDX-License-Identifier: Apache-2.0
public import LanguageModels
public import Objectives

/// Everything a PPO run can choose besides models and data; the defaults are those for language models.
public struct PPOSettings: Sendable {
  /// Where advantages are whitened.
  public enum Whitening: String, Sendable, CaseIterable {
    /// Over all rollouts of an update.
    case batch
    /// Over each minibatch.
    case minibatch
    /// Nowhere.
    case none
  }

  /// Rollouts an update.
  public var rolloutCount = 64
  /// Passes over the rollouts.
  public var epochCount = 4
  /// Optimizer steps a pass.
  public var minibatchCount = 1
  /// How completions are drawn; its temperature divides all logits, also those of training.
  public var sampling = SamplingSettings()
  /// Rows decoded together.
  public var generationBatchSize = 64
  /// Rows of a forward pass that needs no gradient: log-probabilities and values before the update, scores of reward
  /// models; nil takes the microbatch's.
  public var readingBatchSize: Int?
  /// Whether prompts are shuffled anew each epoch.
  public var shuffles = true
  /// The loss.
  public var objective = PPO()
  /// Advantages from rewards and values.
  public var advantages = GeneralizedAdvantage()
  /// Rewards from scores and KL.
  public var tokenRewards = TokenRewards()
  /// Coefficient of the KL at the start, and its rule.
  public var klController = KLController(0.05)
  /// Centring, scaling, clipping of scores.
  public var scoreProcessing = ScoreProcessing()
  /// What happens to a completion without an end.
  public var missingEOS = MissingEOS.ignored
  /// Whether token rewards are divided by their deviation.
  public var whitensRewards = false
  /// Where advantages are whitened.
  public var whitening = Whitening.batch
  /// Whether the log-probabilities of sampling serve as those of the old policy, which saves a forward pass.
  public var reusesSamplingLogProbs = false
  /// Seed of sampling and of minibatches.
  public var seed: UInt64 = 42

  /// The defaults.
  public init() {}

  /// Checks what depends on several settings.
  ///
  /// - Throws: ``TrainingError/badSetting(name:value:wanted:)``.
  public func validate() throws {
    guard rolloutCount >= minibatchCount, minibatchCount > 0, epochCount > 0 else {
      throw TrainingError.badSetting(
        name: "num_mini_batches", value: "\(minibatchCount)",
        wanted: "1 to the \(rolloutCount) rollouts of an update, and num_ppo_epochs of at least 1")
    }
    let whitened = whitening == .minibatch ? rolloutCount / minibatchCount : rolloutCount
    guard whitening == .none || whitened >= 8 else {
      throw TrainingError.badSetting(
        name: "whitening", value: "over \(whitened) rollouts",
        wanted:
          "at least 8 rollouts to take a mean and a deviation over; use more rollouts or whitening none"
      )
    }
    guard sampling.temperature > 0 else {
      throw TrainingError.badSetting(
        name: "temperature", value: "\(sampling.temperature)",
        wanted: "a number above 0: a greedy policy explores nothing")
    }
  }
}
