// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import Tokenizers
import Torch

/// The models of a job that trains a policy beside a frozen reference, and what becomes of them.
struct ReferencedPolicy {
  let policy: any LanguageModel
  let reference: any LanguageModel
  let optimizer: any Optimizer
  private let start: ModelFolder
  private let models: RunModels
  private let tokenizer: Tokenizer
  private let session: JobSession

  /// Opens them where the session begins or continues.
  ///
  /// - Parameters:
  ///   - start: the policy's start.
  ///   - reference: nil is the policy's start.
  ///   - tokenizer: that of the run.
  ///   - session: the run.
  ///   - longestText: most tokens of a text that will be read.
  /// - Throws: errors of folders and adapters; ``TrainingError`` where texts or vocabularies do not fit.
  init(
    _ start: ModelFolder, reference: URL?, tokenizer: Tokenizer, session: JobSession,
    longestText: Int
  ) throws {
    self.start = start
    self.tokenizer = tokenizer
    self.session = session
    models = try RunModels(session.settings)
    policy = try models.policy(start, checkpoint: session.checkpoint)
    try policy.requirePositions(forTexts: longestText, boundBy: "max_length")
    self.reference = try models.reference(reference.map { try ModelFolder($0) } ?? start)
    try self.reference.requireVocabulary(of: tokenizer)
    optimizer = session.settings.optimization.optimizer(policy.parameters)
    if let checkpoint = session.checkpoint { try optimizer.load(from: checkpoint) }
  }

  /// Tells what will happen.
  func announce(_ rows: String, tokenCount: Int, rowCount: Int) {
    session.announce(
      policy, data: "\(rows), \(tokenCount) tokens",
      tokensPerRow: Double(tokenCount) / Double(rowCount), frozenCount: reference.parameterCount)
  }

  /// Writes policy and optimizer into a checkpoint.
  func save(to folder: URL) throws {
    try ModelFolder.save(policy, tokenizer: tokenizer, to: folder)
    try optimizer.save(to: folder)
  }

  /// Ends the run: the last or the best policy in the output folder, with its card.
  ///
  /// - Parameters:
  ///   - datasets: data files.
  ///   - source: where the loss comes from.
  ///   - tag: the method's, for the card.
  /// - Throws: ``TrainingError/cannotSave(path:reason:)``, errors of folders.
  func finish(datasets: [String], source: String, tag: String) throws {
    let best = try session.bestFolder.map { try models.policy(start, checkpoint: $0) }
    try session.finish(
      base: start.url, datasets: datasets, reference: source,
      tags: session.settings.tags + [tag]
    ) {
      try ModelFolder.save(
        best ?? policy, tokenizer: tokenizer, to: $0, elementType: session.settings.savedType)
    }
  }
}
