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

      --loss_type takes any loss on pairs of 'attune objectives', or several with --loss_weights; losses \
      without a reference load none. Some read further columns: margin (odpo), margin_chosen and \
      margin_rejected (modpo), reference_response (selm, xpo), gold (tpo, tpo_l).
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var data: DataOptions

  @Option(name: .customLong("learning_rate"), help: "Base learning rate.")
  var learningRate: Double = 1e-6

  @OptionGroup var loss: LossOptions

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
    let (objective, entries) = try loss.resolved()
    let names = entries.map(\.name).joined(separator: ", ")
    guard !(objective.readsMoreThanSums && precomputesReference) else {
      throw ValidationError(
        "--precompute_ref_log_probs keeps sums of the two completions, and \(names) reads more of the reference: "
          + "leave it out")
    }
    guard !(isReferenceFree && objective.readsDivergences) else {
      throw ValidationError(
        "--reference_free: \(names) measures its distance from a reference; leave it out")
    }
    let needsReference = entries.contains(where: \.needsReference)
    guard needsReference || (reference == nil && !precomputesReference) else {
      throw ValidationError(
        "loss_type \(names) reads no reference: leave out "
          + "--ref_model and --precompute_ref_log_probs")
    }
    guard !isReferenceFree || (reference == nil && !precomputesReference) else {
      throw ValidationError(
        "--reference_free has no use for --ref_model and --precompute_ref_log_probs: leave them out"
      )
    }
  }

  func run() throws {
    var settings = try JobSettings(
      learningRate: learningRate, model, data, adapter, optimization, bookkeeping)
    settings.groupsByPrompt = pairs.groupsByPrompt
    let modelFolder = try model.folder()
    let records = try data.load(
      model.hub, accepting: LearningRows.dpo, method: "dpo", seed: settings.seed,
      note: settings.console.line)
    var job = DPOJob(settings: settings, modelFolder: modelFolder)
    let (objective, entries) = try loss.resolved()
    job.objective = objective
    job.objectiveSource = entries.map(\.source).joined(separator: "; ")
    job.referenceFolder = try reference.map { try model.hub.model($0, "--ref_model") }
    job.isReferenceFree = isReferenceFree || !entries.contains(where: \.needsReference)
    job.precomputesReference = precomputesReference
    job.dataFiles = data.sourceNames
    try runInterruptibly(bookkeeping, model.hub) {
      try job.run(on: records.train, heldOut: records.test)
    }
  }
}
