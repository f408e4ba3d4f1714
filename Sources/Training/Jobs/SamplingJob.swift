// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import Tokenizers

/// What jobs share that sample completions and have them scored.
protocol SamplingJob {
  var settings: JobSettings { get }
  var rewardModelFolder: URL? { get }
  var scorers: [(scorer: any Scorer, weight: Double)] { get }
  var stopToken: String { get }
  var printedSampleCount: Int { get }
  var logsCompletions: Bool { get }
}

extension SamplingJob {
  /// The tokens that end completions.
  func stopTokenIDs(_ folder: ModelFolder, _ encoder: TextEncoder) throws -> Set<Int> {
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
  func promptRows(_ prompts: [PromptRow]) -> TokenRows {
    var rows = TokenRows()
    for prompt in prompts.prefix(max(1, settings.shownExampleCount)) {
      rows.append(TokenRow(prompt: prompt.ids, completion: []))
    }
    return rows
  }

  /// The reward model, where there is one, and the reward functions.
  func rewardSources(
    _ tokenizer: Tokenizer, _ models: RunModels, batchSize: Int
  ) throws -> [RewardSource] {
    var sources: [RewardSource] = []
    if let rewardModelFolder {
      let folder = try ModelFolder(rewardModelFolder)
      sources.append(
        .model(
          try models.rewardModel(folder), tokenizer: try folder.tokenizer(),
          policyTokenizer: tokenizer, batchSize: batchSize))
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

  /// Writes and prints the completions of a logged update.
  func logSamples(
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
