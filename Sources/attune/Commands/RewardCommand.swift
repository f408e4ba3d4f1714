// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Objectives
import Training

/// `attune reward`.
struct RewardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reward",
    abstract: "Reward model: learn to score completions from preferences.",
    discussion: """
      Learns from preference rows, and from rankings and comparisons, which become pairs. The result is a \
      sequence classifier with one label: score.weight beside the trunk.

        attune reward --model_name_or_path runs/sft --dataset_path pairs.jsonl --test_split_size 0.1 \
      --output_dir runs/reward
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var data: DataOptions

  @Option(name: .customLong("learning_rate"), help: "Base learning rate.")
  var learningRate: Double = 1e-5

  @Option(
    name: .customLong("center_rewards_coefficient"),
    help: "Pulls the scores of a pair towards opposite values; usual 0.01, 0 is off.")
  var centering: Double = 0

  @Option(name: .customLong("label_smoothing"), help: "Share of pairs taken to be mislabelled.")
  var labelSmoothing: Double = 0

  @Option(name: .customLong("l2_coefficient"), help: "Penalty on squared scores; usual 0.001.")
  var l2Coefficient: Double = 0

  @OptionGroup var pairs: PairOptions
  @OptionGroup var adapter: AdapterOptions
  @OptionGroup var optimization: OptimizationOptions
  @OptionGroup var bookkeeping: RunOptions
  @OptionGroup var file: ConfigurationOptions

  func validate() throws {
    guard (0..<0.5).contains(labelSmoothing) else {
      throw ValidationError("--label_smoothing: expected 0 to below 0.5, found \(labelSmoothing)")
    }
    guard centering >= 0, l2Coefficient >= 0 else {
      throw ValidationError("penalty coefficients must be at least 0")
    }
  }

  func run() throws {
    var settings = try JobSettings(
      run: bookkeeping, precision: model.precision, optimization: optimization,
      learningRate: learningRate,
      maxLength: data.maxLength, shuffles: data.shuffles, shownExampleCount: data.shownExampleCount,
      chatTemplate: try model.chatTemplate())
    settings.groupsByLength = data.groupsByLength
    settings.groupsByPrompt = pairs.groupsByPrompt
    settings.tokenizerFolder = try model.tokenizerFolder()
    settings.adapter = adapter.configuration
    settings.quantization = model.quantization.quantization
    settings.disablesDropout = optimization.disablesDropout ?? true
    let modelFolder = try model.folder()
    settings.hubBase = model.hub.hubName(ofModel: model.modelPath)
    settings.hubDatasets = data.named.name.map { [$0] } ?? []
    let records = try data.load(
      model.hub, accepting: LearningRows.reward, method: "reward", seed: settings.seed,
      note: settings.console.line)
    var job = RewardJob(settings: settings, modelFolder: modelFolder)
    job.objective = BradleyTerry(
      labelSmoothing: labelSmoothing, centerRewardsCoefficient: centering,
      l2Coefficient: l2Coefficient)
    job.dataFiles = data.sourceNames
    try runInterruptibly(bookkeeping, model.hub) {
      try job.run(on: records.train, heldOut: records.test)
    }
  }
}
