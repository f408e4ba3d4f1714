// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import Objectives
import Training

/// `attune kto`.
struct KTOCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kto",
    abstract:
      "Kahneman-Tversky optimization: align a policy with completions that are good or bad.",
    discussion: """
      Learns from rows with a prompt, a completion and a label (true or false); preferences, safety preferences \
      and comparisons become two such rows each. The reference is the policy's start unless --ref_model names \
      another.

        attune kto --model_name_or_path runs/sft --dataset_path thumbs.jsonl --output_dir runs/kto

      --loss_type takes kto, apo_zero_unpaired or bco. Completions of other prompts, taken from the batch, tell \
      how far the policy has gone ('kl'): larger batches tell it better.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var data: DataOptions

  @Option(name: .customLong("learning_rate"), help: "Base learning rate.")
  var learningRate: Double = 1e-6

  @Option(
    name: .customLong("loss_type"),
    help: ArgumentHelp(
      "The loss; 'attune objectives' lists them. The row's column density_ratio is u(x) of bco.",
      valueName: "name"))
  var lossType = "kto"

  @Option(.beta) var beta: Double?

  @OptionGroup var values: UnpairedLossValues

  @Option(
    name: .customLong("ref_model"),
    help: ArgumentHelp("Folder or hub name of the reference.", valueName: "folder|name"))
  var reference: String?

  @OptionGroup var adapter: AdapterOptions
  @OptionGroup var optimization: OptimizationOptions
  @OptionGroup var bookkeeping: RunOptions
  @OptionGroup var file: ConfigurationOptions

  /// The loss and its row of the table.
  private func loss() throws -> (objective: any UnpairedObjective, entry: ObjectiveEntry) {
    var settings = values.values
    settings[ObjectiveOption.beta.name] = beta
    let (loss, entry) = try lossErrors {
      try ObjectiveTable.loss(lossType, on: .unpaired, settings: ObjectiveSettings(settings))
    }
    guard case .unpaired(let objective) = loss else {
      throw UsageError("--loss_type \(lossType): not a loss on single completions")
    }
    return (objective, entry)
  }

  func validate() throws { _ = try loss() }

  func run() throws {
    let (objective, entry) = try loss()
    let settings = try JobSettings(
      learningRate: learningRate, model, data, adapter, optimization, bookkeeping)
    let records = try data.load(
      model.hub, accepting: LearningRows.kto, method: "kto", seed: settings.seed,
      note: settings.console.line)
    var job = KTOJob(settings: settings, modelFolder: try model.folder())
    job.objective = objective
    job.objectiveSource = entry.source
    job.referenceFolder = try reference.map { try model.hub.model($0, "--ref_model") }
    job.dataFiles = data.sourceNames
    try runInterruptibly(bookkeeping, model.hub) {
      try job.run(on: records.train, heldOut: records.test)
    }
  }
}
