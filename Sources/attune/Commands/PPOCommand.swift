// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import Training

/// `attune ppo`.
struct PPOCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ppo",
    abstract:
      "Proximal policy optimization with a critic, against a reward model or reward functions.",
    discussion: """
      Samples completions of the prompts, scores them, and moves the policy towards high scores while the KL to \
      the reference is taxed. Rewards: --reward_model, and --reward_funcs words:FILE (share of words in a list), \
      count:FILE (how many of them), or program:COMMAND (a program that reads one JSON object a line and answers \
      {"score": x}).

        attune ppo --model_name_or_path runs/sft --reward_model runs/reward --dataset_path prompts.jsonl \
      --output_dir runs/ppo
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var data: DataOptions

  @OptionGroup var rewards: RewardOptions

  @Option(
    name: .customLong("ref_model"),
    help: ArgumentHelp("Folder or hub name of the reference.", valueName: "folder|name"))
  var reference: String?

  @Option(
    name: .customLong("value_model"),
    help: ArgumentHelp(
      "Folder or hub name the critic starts from: a reward model; by default a copy of the policy.",
      valueName: "folder|name"))
  var valueModel: String?

  @Option(name: .customLong("learning_rate"), help: "The policy's base learning rate.")
  var learningRate: Double = 3e-6

  @Option(
    name: .customLong("value_learning_rate"),
    help: ArgumentHelp("The critic's, where it differs.", valueName: "rate"))
  var valueLearningRate: Double?

  @OptionGroup var method: PPOOptions
  @OptionGroup var sampling: SamplingOptions

  @OptionGroup var completions: CompletionOptions
  @OptionGroup var adapter: AdapterOptions
  @OptionGroup var optimization: OptimizationOptions
  @OptionGroup var bookkeeping: RunOptions
  @OptionGroup var file: ConfigurationOptions

  func run() throws {
    var settings = try JobSettings(
      run: bookkeeping, precision: model.precision, optimization: optimization,
      learningRate: learningRate, maxLength: data.maxLength, shuffles: data.shuffles,
      shownExampleCount: data.shownExampleCount, chatTemplate: try model.chatTemplate())
    settings.noteUnused(data, optimization, by: "ppo")
    settings.tokenizerFolder = try model.tokenizerFolder()
    settings.adapter = adapter.configuration
    settings.quantization = model.quantization.quantization
    let modelFolder = try model.folder()
    settings.hubBase = model.hub.hubName(ofModel: model.modelPath)
    settings.hubDatasets = data.named.name.map { [$0] } ?? []
    let records = try data.load(
      model.hub, accepting: LearningRows.prompts, method: "ppo", seed: settings.seed,
      note: settings.console.line)
    var job = PPOJob(settings: settings, modelFolder: modelFolder)
    job.referenceFolder = try reference.map { try model.hub.model($0, "--ref_model") }
    job.rewardModelFolder = try rewards.modelFolder(model.hub)
    job.scorers = try rewards.scorers()
    job.criticStart =
      try valueModel.map { .folder(try model.hub.model($0, "--value_model")) } ?? .policy
    job.criticLearningRate = valueLearningRate
    job.method = method.settings(sampling)
    job.stopToken = completions.stopToken
    job.maxPromptLength = completions.promptLimit
    job.logsCompletions = completions.logsCompletions
    job.printedSampleCount = completions.printedSampleCount
    job.dataFiles = data.sourceNames
    try runInterruptibly(bookkeeping, model.hub) {
      try job.run(on: records.train, heldOut: records.test)
    }
  }
}
