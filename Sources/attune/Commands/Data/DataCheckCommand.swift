// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback

/// `attune data check`: is the data fit to train on?
struct DataCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Say what the data is, and list every row that is broken.",
    discussion: """
      Ends with status 3 where rows are broken. Rows of little use (empty, identical, repeated) are \
      counted; "dropped" and "kept" say what training does with them by default.

        attune data check pairs.jsonl.gz --row_type preference
      """)

  @OptionGroup var data: DataFileOptions
  @OptionGroup var lengths: TokenLengthOptions

  @Option(
    name: .customLong("max_errors"),
    help: "List at most this many broken rows; all are counted.")
  var maxErrors = 20

  @Option(help: "Print one JSON object.")
  var json = false

  func run() throws {
    var broken = BrokenRows()
    let sources = try data.sources()
    for source in sources {
      try broken.scan(source, accepting: data.accepting, method: data.methodName)
    }
    guard broken.errors.isEmpty else {
      report(broken)
      throw ExitCode(ExitStatus.data)
    }
    let dataset = try data.load(DatasetOptions(), sources)
    let tokens = try lengths.measure(dataset.records, data.hub)
    if json {
      Output.current.json(object(of: dataset, tokens))
    } else {
      for line in [dataset.summary] + dataset.report.lines + (tokens?.lines ?? []) {
        Output.current.line(line)
      }
      Output.current.line("no broken rows")
    }
  }

  private func report(_ broken: BrokenRows) {
    let shown = broken.errors.prefix(maxErrors)
    if json {
      Output.current.json([
        "ok": false, "rows": .integer(broken.rowCount),
        "error_count": .integer(broken.errors.count),
        "errors": .array(shown.map { .string($0.description) }),
      ])
    } else {
      for error in shown { Output.current.line(error.description) }
      let more = broken.errors.count - shown.count
      if more > 0 { Output.current.line("and \(more) more; --max_errors shows more of them") }
    }
    for file in broken.unchecked {
      Output.current.note(
        "\(file): what the rows say was not checked; the format shows only when the first rows are "
          + "whole")
    }
    let rows = broken.errors.count == 1 ? "1 broken row" : "\(broken.errors.count) broken rows"
    Output.current.fail("\(rows) among \(broken.rowCount)")
  }

  private func object(of dataset: Dataset, _ tokens: TokenLengths?) -> JSONObject {
    let report = dataset.report
    var object: JSONObject = [
      "ok": true, "summary": .string(dataset.summary),
      "row_type": .string(dataset.rowType.name),
      "conversational": .bool(dataset.isConversational), "rows": .integer(report.rowCount),
      "records": .integer(report.recordCount), "error_count": 0, "errors": [],
      "findings": .array(
        report.counts.map { count in
          .object([
            "finding": .string(count.finding.rawValue), "count": .integer(count.count),
            "dropped": .bool(count.isDropped),
            "first": count.example.map { .string($0.description) } ?? nil,
          ])
        }),
      "conversions": .array(report.conversions.map { .string($0) }),
    ]
    for (key, value) in tokens?.json ?? [:] { object[key] = value }
    return object
  }
}

/// Every row that cannot be read, not only the first.
struct BrokenRows {
  /// What is wrong, in the order of rows; first rows that are no rows at all, then rows that do not
  /// fit the others.
  private(set) var errors: [FeedbackError] = []
  /// Rows in all files, broken ones included.
  private(set) var rowCount = 0
  /// Files whose rows were only checked for being rows at all.
  private(set) var unchecked: [String] = []
  private var known: Set<FeedbackError> = []

  /// Reads a source to its end.
  ///
  /// - Throws: ``FeedbackError`` that is about more than one row: no file, unknown columns.
  mutating func scan(_ source: DatasetSource, accepting: [RowType], method: String) throws {
    let rows = try RowReader(source.path)
    try collect { try rows.next() != nil }
    var reader: RecordReader?
    do {
      reader = try RecordReader(
        source.path, columns: source.columns, accepting: accepting, method: method)
    } catch let error as FeedbackError where error.isAboutOneRow {
      // Without its first rows the format of a file is unknown, and no more can be said about it.
      note(error)
      unchecked.append(source.path)
    }
    guard let reader else { return }
    let counted = rowCount
    try collect { try reader.next() != nil }
    rowCount = counted
  }

  /// Steps to the end, noting the failures on the way; stops where a failure does not go away.
  private mutating func collect(_ step: () throws -> Bool) throws {
    var last: FeedbackError?
    while true {
      do {
        guard try step() else { return }
        rowCount += 1
        last = nil
      } catch let error as FeedbackError where error.isAboutOneRow {
        guard error != last else { return }
        last = error
        rowCount += 1
        note(error)
      }
    }
  }

  private mutating func note(_ error: FeedbackError) {
    if known.insert(error).inserted { errors.append(error) }
  }
}

extension FeedbackError {
  /// Whether other rows may still be fine.
  fileprivate var isAboutOneRow: Bool {
    switch self {
    case .syntax, .table, .disagreement, .field: true
    default: false
    }
  }
}
