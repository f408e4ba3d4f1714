// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import Objectives
import Training

/// `attune lipo`.
struct LiPOCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lipo",
    abstract: "Listwise preference optimization: align a policy with ranked or scored lists.",
    discussion: """
      Learns from rows with a prompt, completions and their ranks (1 is best) or scores; pairs and comparisons \
      are lists of two. Lists may differ in length. The reference is the policy's start unless --ref_model names \
      another. Batch sizes count lists.

        attune lipo --model_name_or_path runs/sft --dataset_path rankings.jsonl --output_dir runs/lipo

      --loss_type takes lipo_lambda, pair_logistic, pair_hinge, list_mle, softmax, info_nca, point_mse or \
      point_sigmoid.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var data: DataOptions

  @Option(name: .customLong("learning_rate"), help: "Base learning rate.")
  var learningRate: Double = 1e-6

  @Option(
    name: .customLong("loss_type"),
    help: ArgumentHelp("The loss; 'attune objectives' lists them.", valueName: "name"))
  var lossType = "lipo_lambda"

  @Option(.beta) var beta: Double?

  @Option(
    name: .customLong("list_labels"),
    help: """
      What says how good a completion is: scores as they are, ranks as (K - rank) / (K - 1), or auto: scores \
      where every list has some from 0 to 1, else ranks.
      """)
  var labels = ListLabels.auto

  @Option(
    name: .customLong("ref_model"),
    help: ArgumentHelp("Folder or hub name of the reference.", valueName: "folder|name"))
  var reference: String?

  @OptionGroup var adapter: AdapterOptions
  @OptionGroup var optimization: OptimizationOptions
  @OptionGroup var bookkeeping: RunOptions
  @OptionGroup var file: ConfigurationOptions

  /// The loss and its row of the table.
  private func loss() throws -> (objective: ListwiseLoss, entry: ObjectiveEntry) {
    let settings = beta.map { [ObjectiveOption.beta.name: $0] } ?? [:]
    let (loss, entry) = try lossErrors {
      try ObjectiveTable.loss(lossType, on: .lists, settings: ObjectiveSettings(settings))
    }
    guard case .lists(let objective) = loss else {
      throw UsageError("--loss_type \(lossType): not a loss on lists")
    }
    return (objective, entry)
  }

  func validate() throws { _ = try loss() }

  func run() throws {
    let (objective, entry) = try loss()
    let settings = try JobSettings(
      learningRate: learningRate, model, data, adapter, optimization, bookkeeping)
    let records = try data.load(
      model.hub, accepting: LearningRows.lipo, method: "lipo", seed: settings.seed,
      note: settings.console.line)
    var job = LiPOJob(settings: settings, modelFolder: try model.folder())
    job.objective = objective
    job.objectiveSource = entry.source
    job.labels = labels
    job.referenceFolder = try reference.map { try model.hub.model($0, "--ref_model") }
    job.dataFiles = data.sourceNames
    try runInterruptibly(bookkeeping, model.hub) {
      try job.run(on: records.train, heldOut: records.test)
    }
  }
}
