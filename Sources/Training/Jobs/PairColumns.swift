// SPDX-License-Identifier: Apache-2.0
import Feedback
import LanguageModels
import Objectives

/// The columns beside prompt, chosen and rejected that a loss on pairs reads.
struct PairColumns {
  private let encoder: TextEncoder
  private let readsMargins: Bool
  private let readsOtherMargins: Bool
  private let kind: ThirdCompletion.Kind?
  private var margins: [Double] = []
  private var otherMargins: [Double] = []
  private var third = TokenRows()

  init(_ objective: (any PairObjective)?, _ encoder: TextEncoder) {
    self.encoder = encoder
    readsMargins = objective?.readsMargins ?? false
    readsOtherMargins = objective?.readsOtherMargins ?? false
    kind = objective?.thirdCompletion
  }

  /// Takes the columns of a row whose pair is fit to learn from.
  ///
  /// - Returns: why the row is of no use after all; nil where it is.
  /// - Throws: ``FeedbackError/field(at:field:problem:)`` for what is missing or of another kind.
  mutating func take(_ record: Record) throws -> TextEncoder.Drop? {
    if let kind {
      let outcome = try encoder.completions(
        [try text(kind.rawValue, record)], of: record.body.prompt ?? .plain(""),
        ChatContext(record))
      guard let row = outcome.row?.first else { return outcome.drop ?? .nothingToLearn }
      third.append(row)
    }
    if readsMargins {
      guard let margin = record.margin else { throw missing("margin", "a number", record) }
      margins.append(margin)
    }
    if readsOtherMargins {
      otherMargins.append(
        try number("margin_chosen", record) - (try number("margin_rejected", record)))
    }
    return nil
  }

  /// Hands over what was taken.
  func put(into rows: inout PairRows) {
    if readsMargins { rows.margins = margins }
    if readsOtherMargins { rows.otherMargins = otherMargins }
    if kind != nil { rows.third = third }
  }

  /// A number, or a list whose sum is meant: a weighted reward for each other objective.
  private func number(_ column: String, _ record: Record) throws -> Double {
    let value = record.extras[column]
    let numbers = value?.array?.map(\.double) ?? [value?.double]
    let sum = numbers.reduce(Double?(0)) { total, part in part.flatMap { p in total.map { $0 + p } }
    }
    guard let sum, sum.isFinite else {
      throw missing(column, "a number, or a list of numbers", record)
    }
    return sum
  }

  /// A completion: text, or messages where the prompt is made of messages.
  private func text(_ column: String, _ record: Record) throws -> RecordText {
    if let text = record.extras[column]?.string {
      return record.body.isConversational
        ? .messages([Message(role: .assistant, text)]) : .plain(text)
    }
    guard record.body.isConversational, let list = record.extras[column]?.array,
      let place = record.provenance
    else { throw missing(column, "a completion like chosen and rejected", record) }
    return .messages(try list.messages(field: column, at: place))
  }

  private func missing(_ column: String, _ wanted: String, _ record: Record) -> any Error {
    let found = record.extras[column]
    let problem =
      (found.map { "expected \(wanted), found \($0.kind)" } ?? "is missing: expected \(wanted)")
      + "; the loss reads it (see 'attune objectives'): mend the column, or take another loss_type"
    guard let place = record.provenance else {
      return TrainingError.badSetting(name: "column", value: column, wanted: problem)
    }
    return FeedbackError.field(at: place, field: column, problem: problem)
  }
}
