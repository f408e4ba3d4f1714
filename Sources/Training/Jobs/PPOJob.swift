// SPDX-License-Identifier: Apache-2.0
public import Feedback
public import Foundation
import LanguageModels
import Objectives
import Tokenizers
import Torch

/// Proximal Policy Optimization of a model folder against reward models and reward functions.
public struct PPOJob {
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
    let rewards = try rewardSources(tokenizer, models)
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

  /// The tokens that end completions.
  private func stopTokenIDs(_ folder: ModelFolder, _ encoder: TextEncoder) throws -> Set<Int> {
    let tokenizer = encoder.tokenizer
    guard stopToken != "eos" else {
      return Set(
        try folder.generationDefaults().eosTokenIDs
          + [tokenizer.eosTokenID, encoder.turnEndTokenID].compactMap(\.self))
    }
    let ids =
      tokenizer.id(of: stopToken).map { [$0] }
      ?? tokenizer.encode(stopToken, addSpecialTokens: false)
    guard ids.count == 1 else {
      throw TrainingError.badSetting(
        name: "stop_token", value: "\"\(stopToken)\" (\(ids.count) tokens)",
        wanted: "eos, or a text that is one token of the model's vocabulary")
    }
    return Set(ids)
  }

  /// The first prompts as rows without targets, to be shown.
  private func promptRows(_ prompts: [PromptRow]) -> TokenRows {
    var rows = TokenRows()
    for prompt in prompts.prefix(max(1, settings.shownExampleCount)) {
      rows.append(TokenRow(prompt: prompt.ids, completion: []))
    }
    return rows
  }

  private func rewardSources(
    _ tokenizer: Tokenizer, _ models: RunModels
  ) throws -> [RewardSource] {
    var sources: [RewardSource] = []
    if let rewardModelFolder {
      let folder = try ModelFolder(rewardModelFolder)
      sources.append(
        .model(
          try models.rewardModel(folder), tokenizer: try folder.tokenizer(),
          policyTokenizer: tokenizer,
          batchSize: method.readingBatchSize ?? settings.optimization.microbatchSize))
    }
    for (scorer, weight) in scorers {
      var source = RewardSource.scorer(scorer, tokenizer: tokenizer)
      source.weight = weight
      sources.append(source)
    }
    guard !sources.isEmpty else {
      throw TrainingError.badSetting(
        name: "reward_model", value: "and reward_funcs are both empty",
        wanted: "a reward model's folder or at least one reward function")
    }
    return sources
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

  private func logSamples(
    _ scored: ScoredRollouts, _ step: Int, _ tokenizer: Tokenizer, _ log: RunLog
  ) throws {
    guard logsCompletions else { return }
    let rows = scored.rollouts.enumerated().map { index, rollout in
      SampleRow(
        prompt: rollout.prompt.text, completion: tokenizer.decode(rollout.completion.ids),
        rewards: scored.parts.map { ($0.name, $0.values[index]) },
        total: Double(scored.scores[index]), advantage: Double(scored.advantages[index]),
        length: rollout.completion.ids.count, stopReason: rollout.completion.stopReason.rawValue)
    }
    try log.samples(rows, step: step, printing: printedSampleCount)
  }
}

extension RewardSource {
  /// A reward model; texts are tokenised anew where its tokenizer is another than the policy's.
  static func model(
    _ model: ScalarHeadModel, tokenizer: Tokenizer, policyTokenizer: Tokenizer, batchSize: Int
  ) -> RewardSource {
    let padTokenID = tokenizer.padTokenID ?? 0
    if tokenizer.fingerprintData == policyTokenizer.fingerprintData {
      return .model(model, batchSize: batchSize, padTokenID: padTokenID)
    }
    let encoder = TextEncoder(tokenizer, maxLength: .max)
    return RewardSource(name: "reward_model") { rollouts in
      let rows = try rollouts.map { rollout in
        let completion = policyTokenizer.decode(rollout.completion.ids)
        // The reward model has a chat layout of its own; the policy's text would be foreign to it.
        if encoder.layout.usesTemplate, let messages = rollout.prompt.messages {
          let answer = [Message(role: .assistant, completion)]
          return try encoder.scored(
            .messages(messages), .messages(answer), rollout.prompt.context
          ).row
        }
        return try encoder.scored(.plain(rollout.prompt.text), .plain(completion)).row
      }
      return rewardScores(
        model, rows.compactMap { $0 }, batchSize: batchSize, padTokenID: padTokenID)
    }
  }
}
