// SPDX-License-Identifier: Apache-2.0
public import Feedback
public import Foundation
import LanguageModels
public import Objectives
import Tokenizers

/// Training of a policy on ranked or scored lists.
public struct LiPOJob {
  /// Shared settings.
  public var settings: JobSettings
  /// The policy's start.
  public var modelFolder: URL
  /// The reference; nil is the policy's start.
  public var referenceFolder: URL?
  /// The loss.
  public var objective = ListwiseLoss(LiPOLambda())
  /// Where the loss comes from, for the model card.
  public var objectiveSource = "arXiv:2402.01878"
  /// Where the labels of lists come from.
  public var labels = ListLabels.auto
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
  ///   - records: ranking rows.
  ///   - heldOut: ranking rows for evaluation.
  /// - Throws: errors of model, data, training and saving; ``TrainingInterrupted``.
  public func run(on records: [Record], heldOut: [Record] = []) throws {
    let folder = try ModelFolder(modelFolder)
    let tokenizer = try settings.tokenizer(of: folder)
    let preparation = DataPreparation(
      encoder: TextEncoder(tokenizer, maxLength: settings.maxLength), method: "lipo",
      log: { settings.console.line($0) })
    let source = labels.resolved(for: records + heldOut)
    settings.console.line(
      source == .scores
        ? "labels of the lists: their scores" : "labels of the lists: (K - rank) / (K - 1)")
    let lists = try preparation.lists(records, for: objective.objective, labels: source)
    let held =
      heldOut.isEmpty
      ? nil : try preparation.lists(heldOut, for: objective.objective, labels: source)
    let session = try JobSession(
      settings, method: "lipo", rowCount: lists.count,
      lengths: (0..<lists.count).map(lists.length(of:)), keyMetric: "rewards/accuracies",
      padTokenID: tokenizer.padTokenID ?? 0)

    let candidates = [lists.candidates] + (held.map { [$0.candidates] } ?? [])
    let longest = candidates.map { rows in rows.indices.map(rows.length(of:)).max() ?? 0 }
    let models = try ReferencedPolicy(
      folder, reference: referenceFolder, tokenizer: tokenizer, session: session,
      longestText: longest.max() ?? 0)
    models.announce(
      "\(lists.count) lists of \(lists.candidates.count) completions",
      tokenCount: lists.candidates.tokenCount, rowCount: lists.count)
    session.show(lists.candidates, tokenizer)

    let trainer = ListTrainer(
      policy: models.policy, reference: models.reference, objective: objective,
      optimizer: models.optimizer, plan: session.plan)
    try trainer.fit(
      lists, order: session.order, heldOut: held, run: session.run, save: models.save(to:))
    try models.finish(datasets: dataFiles, source: objectiveSource, tag: "lipo")
  }
}
