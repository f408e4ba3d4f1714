// SPDX-License-Identifier: Apache-2.0
public import Feedback
public import Foundation
import LanguageModels
import Tokenizers
public import Objectives
import Torch

/// Training of a reward model on preference pairs.
public struct RewardJob {
  /// Shared settings.
  public var settings: JobSettings
  /// The language model (gets a fresh head) or reward model to start from.
  public var modelFolder: URL
  /// The loss.
  public var objective = BradleyTerry()
  /// Data files, for the model card.
  public var dataFiles: [String] = []

  /// A job with the defaults.
  public init(settings: JobSettings, modelFolder: URL) {
    self.settings = settings
    self.modelFolder = modelFolder
  }

  /// Trains, and leaves the reward model in the output folder.
  ///
  /// - Parameters:
  ///   - records: preference rows.
  ///   - heldOut: preference rows for evaluation.
  /// - Throws: errors of model, data, training and saving; ``TrainingInterrupted``.
  public func run(on records: [Record], heldOut: [Record] = []) throws {
    let folder = try ModelFolder(modelFolder)
    let tokenizer = try settings.tokenizer(of: folder)
    let preparation = DataPreparation(
      encoder: TextEncoder(tokenizer, maxLength: settings.maxLength), method: "reward",
      log: { settings.console.line($0) })
    let pairs = try preparation.scoredPairs(records)
    let held = heldOut.isEmpty ? nil : try preparation.scoredPairs(heldOut)
    let session = try JobSession(
      settings, method: "reward", rowCount: pairs.count,
      lengths: pairs.chosen.indices.map {
        max(pairs.chosen.length(of: $0), pairs.rejected.length(of: $0))
      }, groups: pairs.promptNumbers, keyMetric: "accuracy",
      padTokenID: tokenizer.padTokenID ?? 0)

    let models = try RunModels(settings)
    let model = try models.trainedScalarHead(folder, checkpoint: session.checkpoint)
    let lengths = [pairs.chosen, pairs.rejected].flatMap { $0.indices.map($0.length(of:)) }
    try model.trunk.requirePositions(forTexts: lengths.max() ?? 0, boundBy: "max_length")
    let optimizer = settings.optimization.optimizer(model.parameters)
    if let checkpoint = session.checkpoint { try optimizer.load(from: checkpoint) }
    let tokenCount = pairs.chosen.tokenCount + pairs.rejected.tokenCount
    session.announce(
      model.trunk, data: "\(pairs.count) pairs, \(tokenCount) tokens",
      tokensPerRow: Double(tokenCount) / Double(pairs.count))
    session.show(pairs.chosen, tokenizer)

    let trainer = RewardTrainer(
      model: model, objective: objective, optimizer: optimizer, plan: session.plan)
    try trainer.fit(pairs, order: session.order, heldOut: held, run: session.run) { folder in
      try ModelFolder.save(model, tokenizer: tokenizer, to: folder)
      try optimizer.save(to: folder)
    }
    let best = try session.bestFolder.map { try models.trainedScalarHead(folder, checkpoint: $0) }
    try session.finish(
      base: modelFolder, datasets: dataFiles, reference: "Bradley-Terry; arXiv:2203.02155",
      tags: settings.tags + ["reward-model"]
    ) {
      try ModelFolder.save(
        best ?? model, tokenizer: tokenizer, to: $0, elementType: settings.savedType)
    }
  }
}
