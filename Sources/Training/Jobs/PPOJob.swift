// SPDX-License-Identifier: Apache-2.0
public import Feedback
public import Foundation
import LanguageModels
import Objectives
import Tokenizers
import Torch

/// Proximal Policy Optimization of a model folder against reward models and reward functions.
public struct PPOJob: SamplingJob {
  /// How the critic starts.
  public enum CriticStart: Sendable, Equatable {
    /// A copy of the policy with a head of zeros.
    case policy
    /// A reward model or earlier critic.
    case folder(URL)
  }

  /// Shared settings; `microbatchSize` is the size of a forward pass, the rollouts an update come from `method`.
  public var settings: JobSettings
  /// The policy's start.
  public var modelFolder: URL
  /// The reference; nil is the policy's start.
  public var referenceFolder: URL?
  /// A reward model's folder; nil uses ``scorers`` alone.
  public var rewardModelFolder: URL?
  /// Reward functions on text with their weights.
  public var scorers: [(scorer: any Scorer, weight: Double)] = []
  /// How the critic starts.
  public var criticStart = CriticStart.policy
  /// The critic's base learning rate; nil is the policy's.
  public var criticLearningRate: Double?
  /// The method's choices. Stop tokens are those of the model where none are named.
  public var method = PPOSettings()
  /// What ends a completion: `eos` for the model's own end tokens, else the text of one token.
  public var stopToken = "eos"
  /// Most tokens of a prompt; nil takes `maxLength` of the settings. Longer prompts are left out.
  public var maxPromptLength: Int?
  /// Rollouts printed with each logged update.
  public var printedSampleCount = 0
  /// Whether rollouts are written to `completions/`.
  public var logsCompletions = false
  /// Data files, for the model card.
  public var dataFiles: [String] = []

  /// A job with the defaults.
  public init(settings: JobSettings, modelFolder: URL) {
    self.settings = settings
    self.modelFolder = modelFolder
  }

  /// Trains, and leaves the policy in the output folder and the critic in `critic/`.
  ///
  /// - Parameters:
  ///   - records: rows with prompts.
  ///   - heldOut: rows with prompts for evaluation.
  /// - Throws: errors of model, data, reward functions, training and saving; ``TrainingInterrupted``.
  public func run(on records: [Record], heldOut: [Record] = []) throws {
    let folder = try ModelFolder(modelFolder)
    let tokenizer = try settings.tokenizer(of: folder)
    let padTokenID = tokenizer.padTokenID ?? 0
    let encoder = TextEncoder(tokenizer, maxLength: maxPromptLength ?? settings.maxLength)
    let preparation = DataPreparation(
      encoder: encoder, method: "ppo",
      log: { settings.console.line($0) })
    let prompts = try preparation.prompts(records)
    let held = heldOut.isEmpty ? nil : try preparation.prompts(heldOut)
    var method = method
    method.seed = settings.seed
    method.shuffles = settings.shuffles
    if method.sampling.stopTokenIDs.isEmpty {
      method.sampling.stopTokenIDs = try stopTokenIDs(folder, encoder)
    }
    let session = try JobSession(
      settings, method: "ppo", rowCount: prompts.count, batchSize: method.rolloutCount,
      keyMetric: "objective/rlhf_reward", padTokenID: padTokenID)
    let models = try RunModels(settings)
    let rewards = try rewardSources(
      tokenizer, models, batchSize: method.readingBatchSize ?? settings.optimization.microbatchSize)
    let policy = try models.policy(folder, checkpoint: session.checkpoint)
    let longest = (prompts.map(\.ids.count).max() ?? 0) + method.sampling.maxNewTokens
    try policy.requirePositions(forTexts: longest, boundBy: "max_completion_length")
    let reference = try models.reference(referenceFolder.map { try ModelFolder($0) } ?? folder)
    let critic = try critic(session.checkpoint, policy, folder, models)
    let optimizer = settings.optimization.optimizer(policy.parameters)
    let criticOptimizer = settings.optimization.optimizer(critic.parameters)
    let criticRates = settings.optimization.learningRates(
      base: criticLearningRate, stepCount: session.run.settings.stepCount)
    var trainer = try PPOTrainer(
      policy: policy, reference: reference, critic: critic, rewards: rewards, optimizer: optimizer,
      criticOptimizer: criticOptimizer, plan: session.plan, criticSchedule: criticRates,
      settings: method)
    if let checkpoint = session.checkpoint {
      try optimizer.load(from: checkpoint)
      try criticOptimizer.load(from: checkpoint, name: "critic_optimizer")
      trainer.restore(try PPOState(checkpoint: checkpoint))
    }
    let promptTokens = prompts.reduce(0) { $0 + $1.ids.count }
    session.announce(
      policy,
      data: "\(prompts.count) prompts, rewards: \(rewards.map(\.name).joined(separator: ", "))",
      tokensPerRow: Double(promptTokens) / Double(prompts.count)
        + Double(method.sampling.maxNewTokens),
      trainedCount: policy.parameterCount
        + critic.parameters.reduce(0) { $0 + $1.tensor.elementCount },
      frozenCount: reference.parameterCount)
    session.show(promptRows(prompts), tokenizer)

    try trainer.fit(
      prompts, heldOut: held, run: session.run,
      save: { folder, state in
        try ModelFolder.save(policy, tokenizer: tokenizer, to: folder)
        try ModelFolder.save(critic, tokenizer: tokenizer, to: folder.appending(path: "critic"))
        try optimizer.save(to: folder)
        try criticOptimizer.save(to: folder, name: "critic_optimizer")
        try state.write(to: folder)
      },
      log: { scored, step in try logSamples(scored, step, tokenizer, session.run.log) })
    let best = try session.bestFolder.map {
      (
        policy: try models.policy(folder, checkpoint: $0),
        critic: try self.critic($0, policy, folder, models)
      )
    }
    try session.finish(
      base: modelFolder, datasets: dataFiles, reference: "arXiv:1909.08593, arXiv:2403.17031",
      tags: settings.tags + ["ppo"]
    ) { folder in
      try ModelFolder.save(
        best?.policy ?? policy, tokenizer: tokenizer, to: folder, elementType: settings.savedType)
      try ModelFolder.save(
        best?.critic ?? critic, tokenizer: tokenizer, to: folder.appending(path: "critic"))
    }
  }

  private func critic(
    _ checkpoint: URL?, _ policy: any LanguageModel, _ start: ModelFolder, _ models: RunModels
  ) throws -> ScalarHeadModel {
    let saved = checkpoint?.appending(path: "critic")
    switch criticStart {
    case .policy where saved == nil:
      let trunk = try policy.copy(elementType: policy.elementType)
      let critic = ScalarHeadModel(trunk: trunk, generator: nil)
      critic.setTrainable(true)
      return critic
    case .policy: return try models.trainedScalarHead(start, checkpoint: saved)
    case .folder(let folder):
      let source = try ModelFolder(folder)
      guard !source.configuration.hasLanguageHead else {
        throw ModelFolderError.wrongKind(
          path: folder.path, found: "a language model", wanted: "a reward model to start the critic"
        )
      }
      return try models.trainedScalarHead(source, checkpoint: saved)
    }
  }
}
