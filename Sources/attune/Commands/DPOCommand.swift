// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import Objectives
import Training

/// `attune dpo`.
struct DPOCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dpo",
    abstract: "Direct preference optimization: align a policy with pairs, without a reward model.",
    discussion: """
      Learns from preference rows; rankings and comparisons become pairs. The reference is the policy's start \
      unless --ref_model names another.

        attune dpo --model_name_or_path runs/sft --dataset_path pairs.jsonl --output_dir runs/dpo
      """)

  /// The losses; the catalogue grows.
  enum LossType: String, CaseIterable, ExpressibleByArgument {
    case sigmoid
  }

  @OptionGroup var model: ModelOptions
  @OptionGroup var data: DataOptions

  @Option(name: .customLong("learning_rate"), help: "Base learning rate.")
  var learningRate: Double = 1e-6

  @Option(help: "Pull towards the reference; larger stays closer.")
  var beta: Double = 0.1

  @Option(name: .customLong("loss_type"), help: "The loss.")
  var lossType: LossType = .sigmoid

  @Option(
    name: .customLong("label_smoothing"),
    help: "Share of pairs taken to be mislabelled (conservative DPO; TRL 1.16 ignores it).")
  var labelSmoothing: Double = 0

  @Option(
    name: .customLong("ref_model"),
    help: ArgumentHelp("Folder or hub name of the reference.", valueName: "folder|name"))
  var reference: String?

  @Option(
    name: .customLong("reference_free"),
    help: "No reference: the policy's own log-ratio is the margin.")
  var isReferenceFree: Bool = false

  @Option(
    name: .customLong("precompute_ref_log_probs"),
    help: "Let the reference read all pairs once beforehand: cheaper over several epochs.")
  var precomputesReference: Bool = false

  @OptionGroup var pairs: PairOptions
  @OptionGroup var adapter: AdapterOptions
  @OptionGroup var optimization: OptimizationOptions
  @OptionGroup var bookkeeping: RunOptions
  @OptionGroup var file: ConfigurationOptions

  func validate() throws {
    guard beta > 0, beta.isFinite else {
      throw ValidationError("--beta: expected a number above 0, found \(beta)")
    }
    guard (0..<0.5).contains(labelSmoothing) else {
      throw ValidationError("--label_smoothing: expected 0 to below 0.5, found \(labelSmoothing)")
    }
    guard !isReferenceFree || (reference == nil && !precomputesReference) else {
      throw ValidationError(
        "--reference_free has no use for --ref_model and --precompute_ref_log_probs: leave them out"
      )
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
      model.hub, accepting: [.preference], method: "dpo", seed: settings.seed,
      note: settings.console.line)
    var job = DPOJob(settings: settings, modelFolder: modelFolder)
    job.objective = DPO(beta: beta, labelSmoothing: labelSmoothing)
    job.referenceFolder = try reference.map { try model.hub.model($0, "--ref_model") }
    job.isReferenceFree = isReferenceFree
    job.precomputesReference = precomputesReference
    job.dataFiles = data.sourceNames
    try runInterruptibly(bookkeeping, model.hub) {
      try job.run(on: records.train, heldOut: records.test)
    }
  }
}
