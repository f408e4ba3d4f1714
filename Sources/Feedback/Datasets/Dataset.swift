// SPDX-License-Identifier: Apache-2.0

/// The records a method learns from, all of one type.
///
///     let data = try Dataset.load(
///       [DatasetSource("pairs.jsonl.gz")], accepting: [.preference], method: "dpo", seed: 42)
///     print(data.summary)  // dataset: preference, plain text, 12 000 rows, columns used: ...
///     let (train, test) = try data.split(testSize: .fraction(0.1), seed: 42)
public struct Dataset: Sendable {
  /// The records in the order of sources and rows; not shuffled.
  public var records: [Record]
  /// Type of all records.
  public let rowType: RowType
  /// Whether the texts are messages.
  public let isConversational: Bool
  /// One line about type, form, size and columns.
  public let summary: String
  /// What loading found and did.
  public let report: DatasetReport

  /// A dataset of records made in memory.
  ///
  /// - Throws: ``FeedbackError`` where there are none, or where types or forms differ.
  public init(_ records: [Record]) throws {
    guard let first = records.first else { throw FeedbackError.empty("records in memory") }
    for (index, record) in records.enumerated() {
      let place = record.provenance ?? Provenance(file: "record", line: index + 1)
      guard record.type == first.type else {
        throw FeedbackError.disagreement(
          at: place, rowType: first.type.rawValue,
          problem: "a \(record.type) row among \(first.type) rows")
      }
      guard record.body.isConversational == first.body.isConversational else {
        throw FeedbackError.disagreement(
          at: place, rowType: first.type.rawValue,
          problem: "messages and plain text in one dataset; use one kind")
      }
    }
    var report = DatasetReport()
    report.rowCount = records.count
    report.recordCount = records.count
    self.init(
      records: records, rowType: first.type, isConversational: first.body.isConversational,
      summary: Self.summary(
        of: first.type, isConversational: first.body.isConversational, rowCount: records.count,
        used: first.body.json.keys, ignored: first.extras.keys),
      report: report)
  }

  init(
    records: [Record], rowType: RowType, isConversational: Bool, summary: String,
    report: DatasetReport
  ) {
    self.records = records
    self.rowType = rowType
    self.isConversational = isConversational
    self.summary = summary
    self.report = report
  }

  /// Loads and mixes sources.
  ///
  /// The format of each source is detected by itself; all must become the same row type. Rows are
  /// checked as `options` say, and every row that is left out is counted in ``report``.
  ///
  /// - Parameters:
  ///   - sources: at least one.
  ///   - accepting: row types the method learns from, best first.
  ///   - method: name of the method in messages, such as `dpo`.
  ///   - seed: of every random choice (`fraction`, `weight`, random pairs of a list).
  ///   - options: what to do with rows of little use.
  /// - Returns: the records in the order of sources and rows, at least one.
  /// - Throws: ``FeedbackError``: what is wrong with which file, line or option.
  public static func load(
    _ sources: [DatasetSource], accepting: [RowType], method: String, seed: UInt64 = 42,
    options: DatasetOptions = DatasetOptions()
  ) throws -> Dataset {
    var loader = DatasetLoader(
      accepting: accepting, method: method, seed: seed, options: options)
    return try loader.load(sources)
  }

  static func summary(
    of type: RowType, isConversational: Bool, rowCount: Int, used: [String], ignored: [String]
  ) -> String {
    let form = isConversational ? "conversational" : "plain text"
    let rest = ignored.isEmpty ? "" : "; ignored: \(ignored.listed)"
    return "dataset: \(type), \(form), \(spaced(rowCount)) \(rowCount == 1 ? "row" : "rows"), "
      + "columns used: \(used.listed)\(rest)"
  }
}
