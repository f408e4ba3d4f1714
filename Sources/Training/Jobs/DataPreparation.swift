// SPDX-License-Identifier: Apache-2.0
import Feedback
import LanguageModels
import Objectives
import Tokenizers
import Torch

/// Encodes whole data sets, counting what was left out, and says so.
struct DataPreparation {
  let encoder: TextEncoder
  let method: String
  let log: (String) -> Void

  /// Rows for supervised learning.
  func supervised(_ records: [Record]) throws -> TokenRows {
    var rows = TokenRows()
    try encode(records) { record in
      let outcome = try encoder.supervised(record)
      if let row = outcome.row { rows.append(row, weight: record.weight ?? 1) }
      return Note(outcome)
    }
    return rows
  }

  /// Pairs for preference objectives.
  ///
  /// - Parameters:
  ///   - records: preference rows.
  ///   - objective: the loss, whose columns each row must have; nil asks for none.
  /// - Returns: the pairs that can be learnt from.
  /// - Throws: ``FeedbackError/field(at:field:problem:)`` for a missing column, and errors of encoding.
  func pairs(_ records: [Record], for objective: (any PairObjective)? = nil) throws -> PairRows {
    var rows = PairRows()
    var columns = PairColumns(objective, encoder)
    var prompts = PromptNumbers()
    var weights: [Double] = []
    try encode(records) { record in
      guard let pair = record.body.pair else { return Note(drop: .nothingToLearn) }
      let outcome = try encoder.pair(pair, ChatContext(record))
      if let pair = outcome.row {
        if let drop = try columns.take(record) { return Note(drop: drop) }
        rows.chosen.append(pair.chosen)
        rows.rejected.append(pair.rejected)
        rows.promptNumbers.append(prompts.number(of: record.body.pair?.prompt))
        weights.append(record.weight ?? 1)
      }
      return Note(outcome)
    }
    columns.put(into: &rows)
    rows.weights = weights.allSatisfy { $0 == 1 } ? nil : weights
    return rows
  }

  /// Pairs of whole texts for reward models.
  func scoredPairs(_ records: [Record]) throws -> ScoredPairs {
    var rows = ScoredPairs()
    var prompts = PromptNumbers()
    var margins: [Double] = []
    var weights: [Double] = []
    let hasMargin = records.contains { $0.margin != nil }
    try encode(records) { record in
      guard let pair = record.body.pair else { return Note(drop: .nothingToLearn) }
      let context = ChatContext(record)
      let chosen = try encoder.scored(pair.prompt, pair.chosen, context)
      let rejected = try encoder.scored(pair.prompt, pair.rejected, context)
      guard let better = chosen.row, let worse = rejected.row else { return Note(drop: .tooLong) }
      rows.chosen.append(better)
      rows.rejected.append(worse)
      rows.promptNumbers.append(prompts.number(of: record.body.pair?.prompt))
      margins.append(record.margin ?? 0)
      weights.append(record.weight ?? 1)
      return Note()
    }
    if hasMargin { rows.margins = margins }
    rows.weights = weights.allSatisfy { $0 == 1 } ? nil : weights
    return rows
  }

  /// Prompts for online methods.
  func prompts(_ records: [Record]) throws -> [PromptRow] {
    var rows: [PromptRow] = []
    let weighted = records.count { ($0.weight ?? 1) != 1 }
    if weighted > 0 {
      log("column weight: not used by \(method); \(weighted) rows count like all others")
    }
    try encode(records, weighs: false) { record in
      guard let prompt = record.body.prompt else { return Note(drop: .nothingToLearn) }
      let context = ChatContext(record)
      let ids = try encoder.prompt(prompt, context)
      guard !ids.isEmpty, ids.count <= encoder.maxLength else { return Note(drop: .promptTooLong) }
      let text = try encoder.text(ofPrompt: prompt, context)
      var row = PromptRow(ids: ids, text: text, extras: record.extras)
      (row.messages, row.context) = (prompt.messages, context)
      rows.append(row)
      return Note()
    }
    return rows
  }

  /// Counts distinct prompts in their order.
  struct PromptNumbers {
    private var known: [RecordText?: Int] = [:]

    mutating func number(of prompt: RecordText?) -> Int {
      let number = known[prompt] ?? known.count
      known[prompt] = number
      return number
    }
  }

  /// What happened to one row.
  struct Note {
    var drop: TextEncoder.Drop?
    var isCut = false
    var mergesBorder = false

    init(drop: TextEncoder.Drop? = nil) { self.drop = drop }
    init<Row>(_ outcome: TextEncoder.Outcome<Row>) {
      drop = outcome.drop
      isCut = outcome.isCut
      mergesBorder = outcome.mergesBorder
    }
  }

  /// Calls `body` for each record; where the method `weighs` rows, those of weight 0 are left out.
  func encode(
    _ records: [Record], weighs: Bool = true, _ body: (Record) throws -> Note
  ) throws {
    announceLayout(records)
    var dropped: [TextEncoder.Drop: (count: Int, first: String)] = [:]
    var cutCount = 0
    var mergedCount = 0
    for record in records {
      let note = try placed(record) {
        weighs && record.weight == 0 ? Note(drop: .noWeight) : try body(record)
      }
      if let drop = note.drop {
        let place = record.provenance.map { " (first: \($0))" } ?? ""
        dropped[drop] = ((dropped[drop]?.count ?? 0) + 1, dropped[drop]?.first ?? place)
      }
      cutCount += note.isCut ? 1 : 0
      mergedCount += note.mergesBorder ? 1 : 0
    }
    let reasons = TextEncoder.Drop.allCases.compactMap { drop in
      dropped[drop].map {
        "\($0.count) of \(records.count) rows dropped: \(drop.rawValue)\($0.first)"
      }
    }
    for reason in reasons { log(reason) }
    if cutCount > 0 {
      log("\(cutCount) of \(records.count) rows cut at max_length \(encoder.maxLength)")
    }
    if mergedCount > 0 {
      log(
        "\(mergedCount) of \(records.count) rows: tokens merge over the border of prompt and completion; "
          + "end prompts before a space, or begin completions with one")
    }
    let left = records.count - dropped.values.reduce(0) { $0 + $1.count }
    guard left > 0 else { throw TrainingError.noRows(method: method, reasons: reasons) }
  }
}

extension DataPreparation {
  /// Says how conversations are written, where there are any.
  private func announceLayout(_ records: [Record]) {
    guard records.contains(where: \.body.isConversational) else {
      let count = records.count { $0.system != nil }
      if count > 0 {
        log("\(count) of \(records.count) rows: 'system' has no effect on plain text")
      }
      return
    }
    log(encoder.layout.summary)
    if encoder.layout.usesTemplate, encoder.turnEndTokenID == nil {
      log(
        "the chat template ends the assistant's turn with no special token: a model trained with it does "
          + "not learn to stop")
    }
  }

  /// Gives what a chat template complains about the place of its row.
  private func placed<Result>(_ record: Record, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as TemplateError {
      guard let place = record.provenance else { throw error }
      throw FeedbackError.field(at: place, field: "messages", problem: error.description)
    }
  }
}

extension RecordBody {
  /// The preference in the row, whatever else it says.
  fileprivate var pair: PreferencePair? {
    switch self {
    case .preference(let pair), .safetyPreference(let pair, _): pair
    case .comparison(let comparison): comparison.pair
    default: nil
    }
  }
}
