// SPDX-License-Identifier: Apache-2.0

import Environments
import Evaluation
import Feedback
import Foundation
import LanguageModels
import Tokenizers
import Torch
import Training

/// Language models compared on the same prompts.
struct PolicyStudy {
  let models: [NamedModel]
  let precision: PrecisionOptions
  let generation: GenerationOptions
  let prompts: [EvaluationDataOptions.Prompt]
  var reference: URL?
  var rewardModel: URL?
  var baseline = ""
  var winBy: String?
  var batchSize = 32
  var bootstrapDraws = 1000
  var completionsOutput: String?

  init(
    models: [NamedModel], precision: PrecisionOptions, generation: GenerationOptions,
    prompts: [EvaluationDataOptions.Prompt]
  ) {
    self.models = models
    self.precision = precision
    self.generation = generation
    self.prompts = prompts
  }

  /// Draws, scores and compares; one model is in memory at a time, beside reference and reward model.
  func results() throws -> EvaluationResults {
    let hasGold = prompts.allSatisfy(\.hasGold)
    let scoreNames = (hasGold ? ["gold"] : []) + (rewardModel == nil ? [] : ["reward"])
    if let winBy, !scoreNames.contains(winBy) {
      throw UsageError(
        "--win_by: there is no score '\(winBy)'; there are: "
          + (scoreNames.isEmpty
            ? "none (give --reward_model or --task)" : scoreNames.joined(separator: ", ")))
    }
    var table = EvaluationTable(
      baseline: baseline, scoreNames: scoreNames, winBy: winBy ?? scoreNames.first ?? "none",
      bootstrapDraws: bootstrapDraws, seed: generation.seed)
    let anchor = try reference.map { try LoadedPolicy($0, precision) }
    let judge = try rewardModel.map { try RewardJudge($0, precision, batchSize: batchSize) }
    let completions = try completionsOutput.map { try RowOutput($0) }
    for named in models {
      Output.current.note("\(named.name): drawing \(prompts.count) completions")
      let outcomes = try outcomes(of: named, anchor, judge, hasGold: hasGold)
      table.add(named.name, outcomes)
      for (outcome, prompt) in zip(outcomes, prompts) {
        try completions?.write(row(named.name, outcome, prompt))
      }
    }
    try completions?.finish()
    return EvaluationResults(
      tables: [table.resultTable(title: "\(prompts.count) prompts")], json: try json(of: table))
  }

  private func outcomes(
    of named: NamedModel, _ anchor: LoadedPolicy?, _ judge: RewardJudge?, hasGold: Bool
  ) throws -> [Outcome] {
    let policy = try LoadedPolicy(named.folder, precision)
    if let anchor, anchor.tokenizer.fingerprintData != policy.tokenizer.fingerprintData {
      throw UsageError(
        "--ref_model: its tokenizer differs from that of \(named.name), so their probabilities of "
          + "tokens cannot be compared; leave out --ref_model or name a model with the same tokenizer"
      )
    }
    let evaluation = PolicyEvaluation(
      tokenizer: policy.tokenizer,
      sampling: try generation.settings(nil, stops: policy.stopTokenIDs), batchSize: batchSize,
      seed: generation.seed)
    let encoded = try encoded(policy)
    policy.warn(ofLength: encoded.reduce(0) { max($0, $1.ids.count) }, evaluation.sampling)
    var outcomes = evaluation.outcomes(
      of: policy.model, reference: anchor?.model, prompts: encoded
    ).map { $0[0] }
    if let judge {
      for (index, score) in try judge.scores(outcomes, prompts, policy.tokenizer).enumerated() {
        outcomes[index].scores["reward"] = score
      }
    }
    if hasGold {
      var village = VillageJudge()
      for index in outcomes.indices {
        outcomes[index].scores["gold"] =
          try village.score(id: prompts[index].id, outcomes[index].text).utility
      }
    }
    return outcomes
  }

  private func encoded(_ policy: LoadedPolicy) throws -> [EvaluationPrompt] {
    try prompts.map { prompt in
      let ids = try policy.encode(prompt.text, prompt.context, at: prompt.place)
      return EvaluationPrompt(
        id: prompt.id, ids: ids,
        text: try policy.encoder.text(ofPrompt: prompt.text, prompt.context),
        reference: prompt.reference)
    }
  }

  private func row(
    _ model: String, _ outcome: Outcome, _ prompt: EvaluationDataOptions.Prompt
  ) -> JSONObject {
    var row = prompt.columns
    row["model"] = .string(model)
    if prompt.reference != nil, row["reference"] == nil { row["reference"] = row["completion"] }
    row["completion"] = .string(outcome.text)
    row["stop_reason"] = .string(outcome.stopReason.rawValue)
    row["token_count"] = .integer(outcome.ids.count)
    if outcome.kl.isFinite { row["kl"] = .number(outcome.kl) }
    for (name, value) in outcome.scores.sorted(by: { $0.key < $1.key }) {
      row[name] = JSONValue(finite: value)
    }
    return row
  }

  private func json(of table: EvaluationTable) throws -> JSONObject {
    var object: JSONObject = [
      "kind": "policies", "version": .string(Attune.version), "prompts": .integer(prompts.count),
    ]
    for (key, value) in table.json() { object[key] = value }
    object["folders"] = .object(
      JSONObject(models.map { ($0.name, .string($0.folder.path)) }))
    object["ref_model"] = reference.map { .string($0.path) } ?? .null
    object["reward_model"] = rewardModel.map { .string($0.path) } ?? .null
    let sampling = try generation.settings(nil, stops: [])
    object["sampling"] = [
      "max_new_tokens": .integer(sampling.maxNewTokens),
      "temperature": .number(sampling.temperature), "top_p": .number(sampling.topP),
      "top_k": .integer(sampling.topK), "min_p": .number(sampling.minP),
      "repetition_penalty": .number(sampling.repetitionPenalty),
    ]
    return object
  }
}

/// A reward model that reads completions of any model.
private struct RewardJudge {
  private let model: ScalarHeadModel
  private let tokenizer: Tokenizer
  private let encoder: TextEncoder
  private let batchSize: Int

  init(_ folder: URL, _ precision: PrecisionOptions, batchSize: Int) throws {
    let files = try ModelFolder(folder)
    tokenizer = try files.tokenizer()
    encoder = TextEncoder(tokenizer, maxLength: .max)
    model = try files.scalarHeadModel(
      elementType: precision.elementType, device: try precision.apply())
    self.batchSize = batchSize
  }

  /// Scores in the order of the outcomes: of the tokens as drawn where the tokenizers agree, else of
  /// the text.
  func scores(
    _ outcomes: [Outcome], _ prompts: [EvaluationDataOptions.Prompt], _ policyTokenizer: Tokenizer
  ) throws -> [Double] {
    let isShared = tokenizer.fingerprintData == policyTokenizer.fingerprintData
    let rows = try zip(outcomes, prompts).map { outcome, prompt in
      if isShared { return TokenRow(prompt: outcome.prompt.ids, completion: outcome.ids) }
      if encoder.layout.usesTemplate, prompt.text.isConversational {
        let completion = RecordText.messages([Message(role: .assistant, outcome.text)])
        return try encoder.scored(prompt.text, completion, prompt.context).row
          ?? TokenRow(ids: [], isTarget: [])
      }
      let ids = tokenizer.encode(
        try encoder.text(ofPrompt: prompt.text, prompt.context) + outcome.text
          + (outcome.stopReason == .endOfText ? tokenizer.eosToken ?? "" : ""))
      return TokenRow(ids: ids, isTarget: ids.map { _ in true })
    }
    return rewardScores(model, rows, batchSize: batchSize, padTokenID: 0)
  }
}
