// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import Objectives
import Training

/// What `grpo`, `rloo` and `reinforce` share: everything but the method's own choices.
struct PolicyGradientOptions: ParsableArguments {
  @OptionGroup var model: ModelOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var rewards: RewardOptions

  @Option(
    name: .customLong("ref_model"),
    help: ArgumentHelp("Folder or hub name of the reference.", valueName: "folder|name"))
  var reference: String?

  @Option(name: .customLong("learning_rate"), help: "Base learning rate.")
  var learningRate: Double = 1e-6

  @OptionGroup var group: GroupOptions
  @OptionGroup var sampling: SamplingOptions
  @OptionGroup var completions: CompletionOptions
  @OptionGroup var adapter: AdapterOptions
  @OptionGroup var optimization: OptimizationOptions
  @OptionGroup var bookkeeping: RunOptions
  @OptionGroup var file: ConfigurationOptions

  /// Trains with a method.
  ///
  /// - Parameters:
  ///   - method: its formulas.
  ///   - groupSize: completions a prompt.
  ///   - title: its name and papers.
  /// - Throws: ``UsageError`` where settings do not fit each other; errors of the job.
  func run(
    _ method: any CriticFreeMethod, groupSize: Int, title: (name: String, papers: String)
  ) throws {
    let training = try group.settings(groupSize: groupSize, optimization, sampling)
    try training.validate(leastGroupSize: method.leastGroupSize)
    var settings = try JobSettings(
      run: bookkeeping, precision: model.precision, optimization: optimization,
      learningRate: learningRate, maxLength: data.maxLength, shuffles: data.shuffles,
      shownExampleCount: data.shownExampleCount, chatTemplate: try model.chatTemplate())
    settings.noteUnused(data, optimization, by: title.name)
    settings.tokenizerFolder = try model.tokenizerFolder()
    settings.adapter = adapter.configuration
    settings.quantization = model.quantization.quantization
    let modelFolder = try model.folder()
    settings.hubBase = model.hub.hubName(ofModel: model.modelPath)
    settings.hubDatasets = data.named.name.map { [$0] } ?? []
    let records = try data.load(
      model.hub, accepting: LearningRows.prompts, method: title.name, seed: settings.seed,
      note: settings.console.line)
    var job = PolicyGradientJob(
      settings: settings, modelFolder: modelFolder, method: method, title: title)
    job.training = training
    job.referenceFolder = try reference.map { try model.hub.model($0, "--ref_model") }
    job.rewardModelFolder = try rewards.modelFolder(model.hub)
    job.scorers = try rewards.scorers(acceptsNull: true)
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
