// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Environments
import Evaluation
import Feedback
import Foundation
import LanguageModels
import Torch

/// `attune evaluate`: how good models are.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Compare models on held-out prompts, or measure reward models and perplexity.",
    discussion: """
      What is measured follows from models and rows:

      - language models on prompts (a column `prompt`): each model draws completions, which are \
      compared by score, win rate against --baseline, KL to --ref_model, ROUGE (with a column \
      `reference` or `completion`), length, share that ended by itself, and distinct-2. Scores: \
      `reward` of --reward_model, and `gold` where rows have ids of the village or --task names one \
      of its tasks.
      - language models on a column `text`: perplexity and bits per byte.
      - reward models on preference rows: accuracy (a tie counts half), by which side is longer, \
      margins and calibration.

      Intervals are 95 %. Models are folders or hub names (owner/name), or NAME=folder.

        attune evaluate --model_name_or_path sft=runs/sft,ppo=runs/ppo --ref_model runs/sft \
      --reward_model runs/reward --task digest --split test --baseline sft
        attune evaluate --model_name_or_path runs/reward --dataset_path test_pairs.jsonl
      """)

  @Option(
    name: .customLong("model_name_or_path"),
    help: ArgumentHelp(
      "Models to evaluate, each a folder, a hub name, or NAME=folder.", valueName: "models"))
  var models: [String] = []

  @OptionGroup var hub: HubOptions
  @OptionGroup var precision: PrecisionOptions
  @OptionGroup var data: EvaluationDataOptions

  @Option(
    name: .customLong("ref_model"),
    help: ArgumentHelp("Folder or hub name of the reference of the KL.", valueName: "folder|name"))
  var reference: String?

  @Option(
    name: .customLong("reward_model"),
    help: ArgumentHelp(
      "Folder or hub name of a reward model that scores completions.", valueName: "folder|name"))
  var rewardModel: String?

  @Option(
    help: ArgumentHelp(
      "The model the others are compared with; by default the first.", valueName: "name"))
  var baseline: String?

  @Option(
    name: .customLong("win_by"),
    help: ArgumentHelp(
      "The score that decides who wins: gold or reward. By default gold where there is one.",
      valueName: "score"))
  var winBy: String?

  @OptionGroup var generation: GenerationOptions

  @Option(
    name: .customLong("bootstrap_draws"),
    help: ArgumentHelp("Resamples of an interval.", valueName: "count"))
  var bootstrapDraws: Int = 1000

  @Option(
    name: .customLong("batch_size"),
    help: ArgumentHelp("Texts of a forward pass.", valueName: "count"))
  var batchSize: Int = 32

  @Option(help: ArgumentHelp("File for all figures, as JSON.", valueName: "file"))
  var output: String?

  @Option(
    name: .customLong("completions_output"),
    help: ArgumentHelp("File for the completions, as JSON Lines.", valueName: "file"))
  var completionsOutput: String?

  @Option(help: "Print one JSON object in place of the table.")
  var json = false

  @OptionGroup var file: ConfigurationOptions

  func validate() throws {
    _ = try namedModels()
    guard bootstrapDraws > 0 else {
      throw ValidationError("--bootstrap_draws: expected at least 1, found \(bootstrapDraws)")
    }
    guard batchSize > 0 else {
      throw ValidationError("--batch_size: expected at least 1, found \(batchSize)")
    }
  }

  /// The models in the order given; the name of a folder is its last part.
  func namedModels() throws -> [NamedModel] {
    guard !models.isEmpty else {
      throw ValidationError("missing --model_name_or_path: the models to evaluate")
    }
    let named = models.map { text -> NamedModel in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      return parts.count == 2
        ? NamedModel(name: parts[0], folder: URL(filePath: parts[1]))
        : NamedModel(name: URL(filePath: text).lastPathComponent, folder: URL(filePath: text))
    }
    for (index, model) in named.enumerated()
    where named[..<index].contains(where: { $0.name == model.name }) {
      throw ValidationError(
        "--model_name_or_path: two models are called '\(model.name)'; name them: a=\(model.folder.path)"
      )
    }
    if let baseline, !named.contains(where: { $0.name == baseline }) {
      throw ValidationError(
        "--baseline: no model is called '\(baseline)'"
          + Suggestion.phrase(for: baseline, among: named.map(\.name))
          + "; there are \(named.map(\.name).joined(separator: ", "))")
    }
    return named
  }

  func run() throws {
    let named = try namedModels().map { model in
      NamedModel(
        name: model.name,
        folder: try hub.model(model.folder.relativePath, "--model_name_or_path"))
    }
    let areLanguageModels = try named.map {
      try ModelFolder($0.folder).configuration.hasLanguageHead
    }
    guard Set(areLanguageModels).count == 1 else {
      throw UsageError(
        "--model_name_or_path: language models and reward models cannot be compared; name one kind "
          + "(a reward model that scores completions goes to --reward_model)")
    }
    let device = try precision.apply()
    let results = try withAutocast(precision.autocast, on: device) {
      areLanguageModels[0]
        ? try languageModelResults(named, device) : try rewardModelResults(named, device)
    }
    try present(results)
  }

  private func rewardModelResults(
    _ named: [NamedModel], _ device: Device
  ) throws -> EvaluationResults {
    try RewardModelStudy(
      models: named, elementType: precision.elementType, device: device, batchSize: batchSize
    ).results(on: try data.pairs(hub, seed: generation.seed))
  }

  private func languageModelResults(
    _ named: [NamedModel], _ device: Device
  ) throws -> EvaluationResults {
    switch try data.rows(hub) {
    case .texts(let texts):
      return try PerplexityStudy(
        models: named, elementType: precision.elementType, device: device, batchSize: batchSize,
        bootstrap: Bootstrap(draws: bootstrapDraws, seed: generation.seed)
      ).results(on: texts)
    case .prompts(let prompts):
      var study = PolicyStudy(
        models: named, precision: precision, generation: generation, prompts: prompts)
      study.reference = try reference.map { try hub.model($0, "--ref_model") }
      study.rewardModel = try rewardModel.map { try hub.model($0, "--reward_model") }
      study.baseline = baseline ?? named[0].name
      study.winBy = winBy
      study.batchSize = batchSize
      study.bootstrapDraws = bootstrapDraws
      study.completionsOutput = completionsOutput
      return try study.results()
    }
  }

  private func present(_ results: EvaluationResults) throws {
    if let output {
      let text = JSONValue.object(results.json).serialized() + "\n"
      do {
        try Data(text.utf8).write(to: URL(filePath: output), options: .atomic)
      } catch {
        throw FeedbackError.output(file: output, reason: error.localizedDescription)
      }
    }
    if json { return Output.current.json(results.json) }
    for (index, table) in results.tables.enumerated() {
      if index > 0 { Output.current.line() }
      Output.current.line(table.title)
      Output.current.line(table.textTable.text())
      if let caption = table.caption { Output.current.line(caption) }
    }
  }
}

/// A model folder and what tables call it.
struct NamedModel {
  var name: String
  var folder: URL
}

/// What an evaluation found: for people and for programs.
struct EvaluationResults {
  var tables: [ResultTable]
  var json: JSONObject
}
