// SPDX-License-Identifier: Apache-2.0
public import Feedback
public import Foundation
import LanguageModels
import Tokenizers
public import Objectives
import Torch

/// Training of a policy on preference pairs.
public struct DPOJob {
  /// Shared settings.
  public var settings: JobSettings
  /// The policy's start.
  public var modelFolder: URL
  /// The reference; nil is the policy's start.
  public var referenceFolder: URL?
  /// Whether there is no reference at all: its log-probabilities count as 0.
  public var isReferenceFree = false
  /// The loss.
  public var objective: any PairObjective = DPO()
  /// What the loss is called and where it comes from, for the model card.
  public var objectiveSource = "arXiv:2305.18290"
  /// Whether the reference reads all pairs once beforehand.
  public var precomputesReference = false
  /// Data files, for the model card.
  public var dataFiles: [String] = []

  /// A job with the defaults.
  public init(settings: JobSettings, modelFolder: URL) {
    self.settings = settings
    self.modelFolder = modelFolder
  }

  /// Trains, and leaves the policy in the output folder.
  ///
  /// - Parameters:
  ///   - records: preference rows.
  ///   - heldOut: preference rows for evaluation.
  /// - Throws: errors of model, data, training and saving; ``TrainingInterrupted``.
  public func run(on records: [Record], heldOut: [Record] = []) throws {
    let folder = try ModelFolder(modelFolder)
    let tokenizer = try settings.tokenizer(of: folder)
    let preparation = DataPreparation(
      encoder: TextEncoder(tokenizer, maxLength: settings.maxLength), method: "dpo",
      log: { settings.console.line($0) })
    let pairs = try preparation.pairs(records, for: objective)
    let held = heldOut.isEmpty ? nil : try preparation.pairs(heldOut, for: objective)
    guard pairs.weights == nil || objective.acceptsWeights else {
      throw TrainingError.badSetting(
        name: "weights of rows", value: "in column weight",
        wanted: "none with a loss that sorts the pairs of a batch; drop the column")
    }
    let session = try JobSession(
      settings, method: "dpo", rowCount: pairs.count,
      lengths: pairs.chosen.indices.map {
        max(pairs.chosen.length(of: $0), pairs.rejected.length(of: $0))
      }, groups: pairs.promptNumbers, keyMetric: "rewards/margins",
      padTokenID: tokenizer.padTokenID ?? 0)

    let models = try RunModels(settings)
    let policy = try models.policy(folder, checkpoint: session.checkpoint)
    let lengths = [pairs.chosen, pairs.rejected].flatMap { $0.indices.map($0.length(of:)) }
    try policy.requirePositions(forTexts: lengths.max() ?? 0, boundBy: "max_length")
    let reference =
      isReferenceFree
      ? nil : try models.reference(referenceFolder.map { try ModelFolder($0) } ?? folder)
    try reference?.requireVocabulary(
      of: tokenizer, sameAs: objective.readsDivergences ? policy : nil)
    let optimizer = settings.optimization.optimizer(policy.parameters)
    if let checkpoint = session.checkpoint { try optimizer.load(from: checkpoint) }
    let tokenCount = pairs.chosen.tokenCount + pairs.rejected.tokenCount
    session.announce(
      policy, data: "\(pairs.count) pairs, \(tokenCount) tokens",
      tokensPerRow: Double(tokenCount) / Double(pairs.count),
      frozenCount: reference?.parameterCount ?? 0)
    session.show(pairs.chosen, tokenizer)

    let trainer = PreferenceTrainer(
      policy: policy, reference: reference, objective: objective, optimizer: optimizer,
      plan: session.plan,
      // A dry run measures one step, not the reading of all pairs before the first.
      precomputesReference: precomputesReference && !isReferenceFree && !settings.isDryRun)
    try trainer.fit(pairs, order: session.order, heldOut: held, run: session.run) { folder in
      try ModelFolder.save(policy, tokenizer: tokenizer, to: folder)
      try optimizer.save(to: folder)
    }
    let best = try session.bestFolder.map { try models.policy(folder, checkpoint: $0) }
    try session.finish(
      base: modelFolder, datasets: dataFiles, reference: objectiveSource,
      tags: settings.tags + ["dpo"]
    ) {
      try ModelFolder.save(
        best ?? policy, tokenizer: tokenizer, to: $0, elementType: settings.savedType)
    }
  }
}
