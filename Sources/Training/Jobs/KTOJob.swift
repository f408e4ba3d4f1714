// SPDX-License-Identifier: Apache-2.0
public import Feedback
public import Foundation
import LanguageModels
public import Objectives
import Tokenizers

/// Training of a policy on single completions that are good or bad.
public struct KTOJob {
  /// Shared settings.
  public var settings: JobSettings
  /// The policy's start.
  public var modelFolder: URL
  /// The reference; nil is the policy's start.
  public var referenceFolder: URL?
  /// The loss.
  public var objective: any UnpairedObjective = KTO()
  /// Where the loss comes from, for the model card.
  public var objectiveSource = "arXiv:2402.01306"
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
  ///   - records: unpaired preference rows.
  ///   - heldOut: unpaired preference rows for evaluation.
  /// - Throws: errors of model, data, training and saving; ``TrainingInterrupted``.
  public func run(on records: [Record], heldOut: [Record] = []) throws {
    let folder = try ModelFolder(modelFolder)
    let tokenizer = try settings.tokenizer(of: folder)
    let preparation = DataPreparation(
      encoder: TextEncoder(tokenizer, maxLength: settings.maxLength), method: "kto",
      log: { settings.console.line($0) })
    let rows = try preparation.unpaired(records)
    let held = heldOut.isEmpty ? nil : try preparation.unpaired(heldOut)
    try requireSeveralPrompts([rows] + (held.map { [$0] } ?? []))
    let session = try JobSession(
      settings, method: "kto", rowCount: rows.count,
      lengths: rows.texts.indices.map(rows.texts.length(of:)), keyMetric: "rewards/margins",
      padTokenID: tokenizer.padTokenID ?? 0)

    let longest = ([rows] + (held.map { [$0] } ?? [])).map(longestText).max() ?? 0
    let models = try ReferencedPolicy(
      folder, reference: referenceFolder, tokenizer: tokenizer, session: session,
      longestText: longest)
    let goodCount = rows.isDesirable.count { $0 }
    models.announce(
      "\(goodCount) desirable and \(rows.count - goodCount) undesirable completions",
      tokenCount: rows.texts.tokenCount, rowCount: rows.count)
    noteBalance(goodCount, rows.count - goodCount)
    session.show(rows.texts, tokenizer)

    let trainer = UnpairedTrainer(
      policy: models.policy, reference: models.reference, objective: objective,
      optimizer: models.optimizer, plan: session.plan)
    try trainer.fit(
      rows, order: session.order, heldOut: held, run: session.run, save: models.save(to:))
    try models.finish(datasets: dataFiles, source: objectiveSource, tag: "kto")
  }

  /// Most tokens of a text that is read.
  private func longestText(_ rows: UnpairedRows) -> Int {
    let own = rows.texts.indices.map(rows.texts.length(of:)).max() ?? 0
    return objective.anchorSource == .mismatched ? max(own, rows.longestMismatch) : own
  }

  private func requireSeveralPrompts(_ sets: [UnpairedRows]) throws {
    guard objective.anchorSource == .mismatched,
      let single = sets.first(where: { !$0.hasSeveralPrompts })
    else { return }
    throw TrainingError.badSetting(
      name: "data", value: "of \(single.count) rows with one prompt",
      wanted:
        "two prompts at least, in rows to train on and in those held out: the reference point is measured on "
        + "completions beside prompts they do not belong to; loss_type apo_zero_unpaired does without"
    )
  }

  /// Says where one kind outweighs the other, and which weights would set that right.
  private func noteBalance(_ goodCount: Int, _ badCount: Int) {
    guard goodCount > 0, badCount > 0 else {
      settings.console.line(
        "all completions are \(goodCount > 0 ? "desirable" : "undesirable"): the policy is not shown what "
          + (goodCount > 0 ? "to avoid" : "to say"))
      return
    }
    guard let kto = objective as? KTO else { return }
    let balance =
      kto.desirableWeight * Double(goodCount) / (kto.undesirableWeight * Double(badCount))
    guard balance < 0.99 || balance > 1.34 else { return }
    settings.console.line(
      "desirable_weight x \(goodCount) : undesirable_weight x \(badCount) is \(NumberText.short(balance)); the paper "
        + "advises 1 to 1.33: "
        + (goodCount > badCount
          ? "--undesirable_weight \(NumberText.short(Double(goodCount) / Double(badCount)))"
          : "--desirable_weight \(NumberText.short(Double(badCount) / Double(goodCount)))"))
  }
}
