// SPDX-License-Identifier: Apache-2.0
public import Feedback
public import Foundation
import LanguageModels
public import Objectives
import Tokenizers
import Torch

/// Training of a model folder without a critic, against reward models and reward functions: GRPO, RLOO, REINFORCE++.
public struct PolicyGradientJob: SamplingJob {
  /// Shared settings; `microbatchSize` is the size of a forward pass, the completions an update come from `training`.
  public var settings: JobSettings
  /// The policy's start.
  public var modelFolder: URL
  /// The reference; nil is the policy's start. Opened only where the method measures a KL.
  public var referenceFolder: URL?
  /// A reward model's folder; nil uses ``scorers`` alone.
  public var rewardModelFolder: URL?
  /// Reward functions on text with their weights.
  public var scorers: [(scorer: any Scorer, weight: Double)] = []
  /// The method's formulas.
  public var method: any CriticFreeMethod
  /// Its name and its papers, for messages and the model card.
  public var title: (name: String, papers: String)
  /// The other choices. Stop tokens are those of the model where none are named.
  public var training = PolicyGradientSettings()
  /// What ends a completion: `eos` for the model's own end tokens, else the text of one token.
  public var stopToken = "eos"
  /// Most tokens of a prompt; nil takes `maxLength` of the settings. Longer prompts are left out.
  public var maxPromptLength: Int?
  /// Completions printed with each logged update.
  public var printedSampleCount = 0
  /// Whether completions are written to `completions/`.
  public var logsCompletions = false
  /// Data files, for the model card.
  public var dataFiles: [String] = []

  /// A job with the defaults.
  public init(
    settings: JobSettings, modelFolder: URL, method: any CriticFreeMethod,
    title: (name: String, papers: String)
  ) {
    self.settings = settings
    self.modelFolder = modelFolder
    self.method = method
    self.title = title
  }

  /// Trains, and leaves the policy in the output folder.
  ///
  /// - Parameters:
  ///   - records: rows with prompts.
  ///   - heldOut: rows with prompts for evaluation.
  /// - Throws: errors of model, data, reward functions, training and saving; ``TrainingInterrupted``.
  public func run(on records: [Record], heldOut: [Record] = []) throws {
    try training.validate(leastGroupSize: method.leastGroupSize)
    let folder = try ModelFolder(modelFolder)
    let tokenizer = try settings.tokenizer(of: folder)
    let encoder = TextEncoder(tokenizer, maxLength: maxPromptLength ?? settings.maxLength)
    let preparation = DataPreparation(
      encoder: encoder, method: title.name, log: { settings.console.line($0) })
    let prompts = try preparation.prompts(records)
    let held = heldOut.isEmpty ? nil : try preparation.prompts(heldOut)
    var training = training
    training.seed = settings.seed
    training.shuffles = settings.shuffles
    if training.sampling.stopTokenIDs.isEmpty {
      training.sampling.stopTokenIDs = try stopTokenIDs(folder, encoder)
    }
    let session = try JobSession(
      settings, method: title.name, rowCount: prompts.count, batchSize: training.promptCount,
      completionsPerRow: training.groupSize, keyMetric: "reward",
      padTokenID: tokenizer.padTokenID ?? 0)
    let models = try RunModels(settings)
    let rewards = try rewardSources(
      tokenizer, models,
      batchSize: training.readingBatchSize ?? settings.optimization.microbatchSize)
    let policy = try models.policy(folder, checkpoint: session.checkpoint)
    let longest = (prompts.map(\.ids.count).max() ?? 0) + training.sampling.maxNewTokens
    try policy.requirePositions(forTexts: longest, boundBy: "max_completion_length")
    let reference =
      method.readsReference
      ? try models.reference(referenceFolder.map { try ModelFolder($0) } ?? folder) : nil
    let optimizer = settings.optimization.optimizer(policy.parameters)
    if let checkpoint = session.checkpoint { try optimizer.load(from: checkpoint) }
    let trainer = try PolicyGradientTrainer(
      policy: policy, reference: reference, rewards: rewards, optimizer: optimizer,
      plan: session.plan, method: method, settings: training)
    let promptTokens = prompts.reduce(0) { $0 + $1.ids.count }
    session.announce(
      policy,
      data: "\(prompts.count) prompts, \(training.groupSize) completions each; rewards: "
        + rewards.map(\.name).joined(separator: ", "),
      tokensPerRow: Double(promptTokens) / Double(prompts.count)
        + Double(training.sampling.maxNewTokens),
      frozenCount: reference?.parameterCount ?? 0)
    session.show(promptRows(prompts), tokenizer)

    try trainer.fit(
      prompts, heldOut: held, run: session.run,
      save: { folder in
        try ModelFolder.save(policy, tokenizer: tokenizer, to: folder)
        try optimizer.save(to: folder)
      },
      log: { scored, step in try logSamples(scored, step, tokenizer, session.run.log) })
    let best = try session.bestFolder.map { try models.policy(folder, checkpoint: $0) }
    try session.finish(
      base: modelFolder, datasets: dataFiles, reference: title.papers,
      tags: settings.tags + [title.name]
    ) { folder in
      try ModelFolder.save(
        best ?? policy, tokenizer: tokenizer, to: folder, elementType: settings.savedType)
    }
  }
}
