// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Training

/// `attune sft`.
struct SFTCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sft",
    abstract: "Supervised fine-tuning: learn to write what the rows show.",
    discussion: """
      Learns from prompt-completion rows (loss on the completion), texts, conversations, or the chosen side of pairs.

        attune world write --task digest --kind demonstrations --count 2000 --output demos.jsonl
        attune sft --model_name_or_path base --dataset_path demos.jsonl --output_dir runs/sft
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var data: DataOptions

  @Option(name: .customLong("learning_rate"), help: "Base learning rate.")
  var learningRate: Double = 2e-5

  @Option(
    name: .customLong("completion_only_loss"), help: "Learn completions only, not prompts.")
  var completionOnlyLoss: Bool = true

  @Option(
    name: .customLong("assistant_only_loss"),
    help: ArgumentHelp(
      "Learn only what the assistant says, in conversations; by default as completion_only_loss, and every turn of a completion.",
      valueName: "true|false"))
  var assistantOnlyLoss: Bool?

  @OptionGroup var packing: PackingOptions
  @OptionGroup var adapter: AdapterOptions
  @OptionGroup var optimization: OptimizationOptions
  @OptionGroup var bookkeeping: RunOptions
  @OptionGroup var file: ConfigurationOptions

  func run() throws {
    var settings = try JobSettings(
      run: bookkeeping, precision: model.precision, optimization: optimization,
      learningRate: learningRate,
      maxLength: data.maxLength, shuffles: data.shuffles, shownExampleCount: data.shownExampleCount,
      chatTemplate: try model.chatTemplate())
    settings.groupsByLength = data.groupsByLength
    settings.tokenizerFolder = try model.tokenizerFolder()
    settings.adapter = adapter.configuration
    settings.quantization = model.quantization.quantization
    settings.disablesDropout = optimization.disablesDropout ?? false
    let modelFolder = try model.folder()
    settings.hubBase = model.hub.hubName(ofModel: model.modelPath)
    settings.hubDatasets = data.named.name.map { [$0] } ?? []
    let records = try data.load(
      model.hub, accepting: LearningRows.sft, method: "sft",
      seed: settings.seed, note: settings.console.line)
    var job = SFTJob(settings: settings, modelFolder: modelFolder)
    job.completionOnlyLoss = completionOnlyLoss
    job.assistantOnlyLoss = assistantOnlyLoss
    job.packing = packing.packing
    job.dataFiles = data.sourceNames
    try runInterruptibly(bookkeeping, model.hub) {
      try job.run(on: records.train, heldOut: records.test)
    }
  }
}
