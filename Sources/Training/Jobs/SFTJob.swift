// SPDX-License-Identifier: Apache-2.0
public import Feedback
public import Foundation
import LanguageModels
import Tokenizers
import Torch

/// Supervised fine-tuning of a model folder on records.
public struct SFTJob {
  /// Shared settings.
  public var settings: JobSettings
  /// The model to start from.
  public var modelFolder: URL
  /// Whether only completions carry loss.
  public var completionOnlyLoss = true
  /// Whether only assistant turns of conversations carry loss; nil follows ``completionOnlyLoss``.
  public var assistantOnlyLoss: Bool?
  /// Whether and how rows share the places of a batch; nil gives each its own.
  public var packing: Packing?
  /// Data files, as part of the token cache's key and of the model card.
  public var dataFiles: [String] = []

  /// A job with the defaults.
  public init(settings: JobSettings, modelFolder: URL) {
    self.settings = settings
    self.modelFolder = modelFolder
  }

  /// Trains, and leaves the model in the output folder.
  ///
  /// - Parameters:
  ///   - records: texts, prompt-completion rows, conversations, or pairs of which the chosen side is learnt.
  ///   - heldOut: records for evaluation.
  /// - Throws: errors of model, data, training and saving; ``TrainingInterrupted``.
  public func run(on records: [Record], heldOut: [Record] = []) throws {
    let folder = try ModelFolder(modelFolder)
    let tokenizer = try settings.tokenizer(of: folder)
    let (rows, packs) = try trainingRows(tokenizer, records)
    let held =
      heldOut.isEmpty
      ? nil
      : try preparation(encoder(tokenizer), settings.console.line).supervised(heldOut)
    let lengths = packs.map { pack in pack.reduce(0) { $0 + rows.length(of: $1) } }
    let session = try JobSession(
      settings, method: "sft", rowCount: packs.count, lengths: lengths,
      keyMetric: "mean_token_accuracy",
      padTokenID: tokenizer.padTokenID ?? 0)

    let models = try RunModels(settings)
    let model = try models.policy(folder, checkpoint: session.checkpoint)
    try model.requirePositions(
      forTexts: rows.indices.map(rows.length(of:)).max() ?? 0, boundBy: "max_length")
    let optimizer = settings.optimization.optimizer(model.parameters)
    if let checkpoint = session.checkpoint { try optimizer.load(from: checkpoint) }
    session.announce(
      model,
      data: "\(rows.count) rows, \(rows.tokenCount) tokens"
        + (packing == nil ? "" : " in \(packs.count) packs"),
      tokensPerRow: Double(rows.tokenCount) / Double(packs.count))
    session.show(rows, tokenizer)

    let trainer = SupervisedTrainer(model: model, optimizer: optimizer, plan: session.plan)
    try trainer.fit(
      rows, packs: packing == nil ? nil : packs, order: session.order, heldOut: held,
      run: session.run
    ) { folder in
      try ModelFolder.save(model, tokenizer: tokenizer, to: folder)
      try optimizer.save(to: folder)
    }
    let best = try session.bestFolder.map { try models.policy(folder, checkpoint: $0) }
    try session.finish(
      base: modelFolder, datasets: dataFiles, reference: nil, tags: settings.tags + ["sft"]
    ) {
      try ModelFolder.save(
        best ?? model, tokenizer: tokenizer, to: $0, elementType: settings.savedType)
    }
  }

  private func encoder(_ tokenizer: Tokenizer, cutting: Bool = true) -> TextEncoder {
    TextEncoder(
      tokenizer, maxLength: cutting ? settings.maxLength : .max,
      completionOnlyLoss: completionOnlyLoss, assistantOnlyLoss: assistantOnlyLoss)
  }

  /// Rows to learn from, and which of them stand together; each alone without packing.
  private func trainingRows(
    _ tokenizer: Tokenizer, _ records: [Record]
  ) throws -> (rows: TokenRows, packs: [[Int]]) {
    let cutting = packing?.takesLongRows != true
    let rows = try cached(encoder(tokenizer, cutting: cutting), "train", records)
    guard let packing else { return (rows, rows.indices.map { [$0] }) }
    return try packing.packed(rows, length: settings.maxLength)
  }

  private func cached(
    _ encoder: TextEncoder, _ part: String, _ records: [Record]
  ) throws -> TokenRows {
    guard let cache = settings.tokenCache else {
      return try preparation(encoder, settings.console.line).supervised(records)
    }
    let texts = records.lazy.map { JSONValue.object($0.json).serialized() }
    let key = cache.key(
      texts: texts, tokenizer: encoder.tokenizer,
      settings: [
        "sft", part, "\(encoder.maxLength)", "\(encoder.completionOnlyLoss)",
        "\(encoder.assistantOnlyLoss.map(String.init) ?? "default")", "3", Self.day(encoder),
      ])
    if let found = cache.rows(key)?.first {
      cache.notes(key).forEach(settings.console.line)
      settings.console.line("tokens: \(found.count) rows from the cache")
      return found
    }
    var notes: [String] = []
    let rows = try preparation(encoder) { line in
      notes.append(line)
      settings.console.line(line)
    }.supervised(records)
    cache.store([rows], key, notes: notes)
    return rows
  }

  private func preparation(
    _ encoder: TextEncoder, _ log: @escaping (String) -> Void
  ) -> DataPreparation {
    DataPreparation(encoder: encoder, method: "sft", log: log)
  }

  /// The day, where the chat template may write it into the texts; empty elsewhere.
  private static func day(_ encoder: TextEncoder) -> String {
    let asksClock = encoder.tokenizer.chatTemplateText?.contains("strftime_now") == true
    return asksClock ? Date().formatted(.iso8601.year().month().day()) : ""
  }
}
