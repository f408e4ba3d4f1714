// SPDX-License-Identifier: Apache-2.0
import Foundation
public import LanguageModels
public import Tokenizers
import Torch

/// Pretraining of a new model on texts laid end to end.
public struct PretrainJob {
  /// Shared settings; `maxLength` is the length of a block.
  public var settings: JobSettings
  /// The model's shape.
  public var shape: LlamaConfiguration

  /// A job for a shape.
  public init(settings: JobSettings, shape: LlamaConfiguration) {
    self.settings = settings
    self.shape = shape
  }

  /// Trains from random weights, and leaves the model in the output folder.
  ///
  /// - Parameters:
  ///   - texts: the corpus; each text is followed by the end of text.
  ///   - tokenizer: its vocabulary fills the model's embedding.
  ///   - heldOut: texts for evaluation.
  /// - Throws: errors of model, data, training and saving; ``TrainingInterrupted``.
  public func run(
    on texts: some Sequence<String>, tokenizer: Tokenizer, heldOut: [String] = []
  ) throws {
    let rows = blocks(texts, tokenizer)
    guard rows.count > 0 else {
      throw TrainingError.noRows(
        method: "pretrain", reasons: ["fewer than max_length \(settings.maxLength) tokens in all"])
    }
    let held = blocks(heldOut, tokenizer)
    if !heldOut.isEmpty, held.count == 0 {
      settings.console.line(
        "no evaluation: the held-out texts have fewer than max_length \(settings.maxLength) tokens")
    }
    var shape = shape
    shape.vocabularyCount = tokenizer.vocabularyCount
    let session = try JobSession(
      settings, method: "pretrain", rowCount: rows.count, keyMetric: "mean_token_accuracy",
      padTokenID: tokenizer.padTokenID ?? 0)
    let model: any LanguageModel
    if let checkpoint = session.checkpoint {
      model = try ModelFolder(checkpoint).languageModel(
        elementType: settings.elementType, device: settings.device)
    } else {
      let configuration = try ModelConfiguration(
        shape, bosTokenID: tokenizer.bosTokenID, eosTokenID: tokenizer.eosTokenID,
        padTokenID: tokenizer.padTokenID)
      model = try ModelFolder.newLanguageModel(
        configuration, generator: Generator(seed: settings.seed),
        elementType: settings.elementType ?? .float32, device: settings.device)
    }
    model.setTrainable(true)
    let optimizer = settings.optimization.optimizer(model.parameters)
    if let checkpoint = session.checkpoint { try optimizer.load(from: checkpoint) }
    session.announce(
      model, data: "\(rows.count) blocks, \(rows.tokenCount) tokens",
      tokensPerRow: Double(settings.maxLength))
    session.show(rows, tokenizer)

    let trainer = SupervisedTrainer(model: model, optimizer: optimizer, plan: session.plan)
    try trainer.fit(
      rows, order: session.order, heldOut: held.count > 0 ? held : nil,
      run: session.run
    ) { folder in
      try ModelFolder.save(model, tokenizer: tokenizer, to: folder)
      try optimizer.save(to: folder)
    }
    let best = try session.bestFolder.map {
      try ModelFolder($0).languageModel(elementType: settings.elementType)
    }
    try session.finish(
      base: settings.outputFolder, datasets: [], reference: nil, tags: ["pretrain"]
    ) {
      try ModelFolder.save(
        best ?? model, tokenizer: tokenizer, to: $0, elementType: settings.savedType)
    }
  }

  private func rows(_ texts: some Sequence<String>, _ tokenizer: Tokenizer) -> TokenRows {
    var rows = TokenRows()
    let end = tokenizer.eosTokenID.map { [$0] } ?? []
    for text in texts {
      let ids = tokenizer.encode(text) + end
      rows.append(TokenRow(ids: ids, isTarget: ids.map { _ in true }))
    }
    return rows
  }

  private func blocks(_ texts: some Sequence<String>, _ tokenizer: Tokenizer) -> TokenRows {
    rows(texts, tokenizer).wrapped(length: settings.maxLength)
  }
}
