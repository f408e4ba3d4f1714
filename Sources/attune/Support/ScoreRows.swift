// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import LanguageModels
import Tokenizers
import Training

/// A text to score, and what its result columns begin with.
struct ScoredText {
  /// Empty, `chosen_` or `rejected_`.
  var prefix: String
  var row: TokenRow
}

/// Turns rows of text or token ids into what a model scores, by the rules of training.
struct ScoreRowEncoder {
  /// Ids are below this.
  let vocabularyCount: Int
  /// Whether whole texts are scored, as reward models do, or completions.
  let scoresWholeTexts: Bool
  /// Whether completions get the end-of-text token.
  let addsEnd: Bool
  /// A chat template in place of the tokenizer's own.
  let chatTemplate: String?
  private let files: ModelFolder
  /// Read when the first row of text comes: rows of ids need no tokenizer.
  private var loaded: TextEncoder?

  init(
    files: ModelFolder, vocabularyCount: Int, scoresWholeTexts: Bool, addsEnd: Bool,
    chatTemplate: String?
  ) {
    self.files = files
    self.vocabularyCount = vocabularyCount
    self.scoresWholeTexts = scoresWholeTexts
    self.addsEnd = addsEnd
    self.chatTemplate = chatTemplate
  }

  /// The texts of a row: one, or two where it holds a pair.
  ///
  /// - Throws: ``FeedbackError`` with file and line.
  mutating func texts(of row: RowInput.Row) throws -> [ScoredText] {
    if let completion = try row.tokenIDs("completion_ids", below: vocabularyCount) {
      let prompt = try row.tokenIDs("prompt_ids", below: vocabularyCount) ?? []
      guard !(prompt + completion).isEmpty else {
        throw row.wrong("completion_ids", wanted: "at least one token id")
      }
      return [ScoredText(prefix: "", row: TokenRow(prompt: prompt, completion: completion))]
    }
    let encoder = try encoder()
    if let chosen = try row.text("chosen"), let rejected = try row.text("rejected") {
      let pair = PreferencePair(
        prompt: try row.text("prompt") ?? Self.empty(like: chosen), chosen: chosen,
        rejected: rejected)
      return try placed(row) { try self.pair(pair, row, encoder) }
    }
    if let completion = try row.text("completion") {
      let prompt = try row.text("prompt") ?? Self.empty(like: completion)
      let outcome = try placed(row) {
        scoresWholeTexts
          ? try encoder.scored(prompt, completion, row.chatContext())
          : try encoder.supervised(
            row.record(.promptCompletion(prompt: prompt, completion: completion)))
      }
      return [
        ScoredText(prefix: "", row: try ended(outcome, "completion", completion, row, encoder))
      ]
    }
    for column in ["text", "messages"] {
      guard let text = try row.text(column) else { continue }
      let outcome = try placed(row) { try encoder.supervised(row.record(.languageModelling(text))) }
      return [ScoredText(prefix: "", row: try ended(outcome, column, text, row, encoder))]
    }
    throw FeedbackError.field(
      at: row.place, field: "columns",
      problem:
        "expected prompt and completion, text, messages, prompt with chosen and rejected, or "
        + "prompt_ids and completion_ids; found: \(row.columns.keys.joined(separator: ", "))")
  }

  private func pair(
    _ pair: PreferencePair, _ row: RowInput.Row, _ encoder: TextEncoder
  ) throws -> [ScoredText] {
    let sides: (chosen: TextEncoder.Outcome<TokenRow>, rejected: TextEncoder.Outcome<TokenRow>)
    if scoresWholeTexts {
      sides = (
        try encoder.scored(pair.prompt, pair.chosen, row.chatContext()),
        try encoder.scored(pair.prompt, pair.rejected, row.chatContext())
      )
    } else {
      let outcome = try encoder.pair(pair, row.chatContext())
      sides = (
        TextEncoder.Outcome(row: outcome.row?.chosen, drop: outcome.drop),
        TextEncoder.Outcome(row: outcome.row?.rejected, drop: outcome.drop)
      )
    }
    return [
      ScoredText(
        prefix: "chosen_", row: try ended(sides.chosen, "chosen", pair.chosen, row, encoder)),
      ScoredText(
        prefix: "rejected_", row: try ended(sides.rejected, "rejected", pair.rejected, row, encoder)
      ),
    ]
  }

  /// The tokens of an outcome, with the end of text only where it was asked for or written.
  private func ended(
    _ outcome: TextEncoder.Outcome<TokenRow>, _ column: String, _ text: RecordText,
    _ row: RowInput.Row, _ encoder: TextEncoder
  ) throws -> TokenRow {
    guard let tokens = outcome.row, !tokens.ids.isEmpty else {
      throw FeedbackError.field(
        at: row.place, field: column,
        problem: outcome.drop.map(\.rawValue) ?? "no token to score; give some text")
    }
    return addsEnd ? tokens : encoder.withoutAddedEnd(tokens, of: text)
  }

  private mutating func encoder() throws -> TextEncoder {
    if let loaded { return loaded }
    var tokenizer = try files.tokenizer()
    if let chatTemplate { tokenizer.chatTemplateText = chatTemplate }
    let encoder = TextEncoder(tokenizer, maxLength: .max)
    loaded = encoder
    return encoder
  }

  /// Gives what a chat template complains about the place of its row.
  private func placed<Result>(_ row: RowInput.Row, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as TemplateError {
      throw FeedbackError.field(at: row.place, field: "messages", problem: error.description)
    }
  }

  private static func empty(like text: RecordText) -> RecordText {
    text.isConversational ? .messages([]) : .plain("")
  }
}
