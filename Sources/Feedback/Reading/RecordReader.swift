// SPDX-License-Identifier: Apache-2.0

/// Reads the records of a file or folder one at a time, whatever format their rows have.
///
///     let reader = try RecordReader("pairs.jsonl.gz", accepting: [.preference], method: "dpo")
///     while let record = try reader.next() { ... }
///
/// The format is detected from the first rows; every later row must agree with them. Memory does
/// not grow with the length of the file.
public final class RecordReader {
  /// Rows that are looked at before the format is decided.
  public static let detectionRowCount = 100

  /// Type of the records.
  public var rowType: RowType { importer.layout.rowType }
  /// Name of the foreign format; nil for the project's own rows.
  public var format: String? { importer.layout.format }
  /// Whether the texts are messages.
  public var isConversational: Bool { importer.isConversational ?? false }
  /// Columns that went into records, in order of appearance so far.
  public var usedColumns: [String] { importer.usedColumns }
  /// Columns that were kept as extras only, in order of appearance so far.
  public var ignoredColumns: [String] { importer.ignoredColumns }
  /// Rows read so far.
  public private(set) var rowCount = 0
  /// How lists of this format become pairs by default.
  var pairs: PairExpansion { importer.layout.pairs }

  private let rows: RowReader
  private let columns: ColumnMapping
  private var importer: RecordImporter
  private var firstRows: ArraySlice<Row> = []
  private var ready: ArraySlice<Record> = []

  /// Opens a file or folder and detects its format.
  ///
  /// - Parameters:
  ///   - path: a file or a folder of shards; see ``RowReader``.
  ///   - files: those of the path's files to read; nil reads all.
  ///   - columns: names of the file's columns in terms of ours.
  ///   - accepting: types of rows that are wanted, best first; formats of a type that can be
  ///     converted to one of them are accepted too, and read as what they are.
  ///   - method: what the data is for, in messages.
  /// - Throws: ``FeedbackError``: no file, broken first rows, columns that fit no accepted type.
  public init(
    _ path: String, files: [String]? = nil, columns: ColumnMapping = ColumnMapping(),
    accepting: [RowType] = RowType.allCases, method: String = "any method"
  ) throws {
    rows = try RowReader(path, files: files)
    self.columns = columns
    var first: [Row] = []
    while first.count < Self.detectionRowCount, let row = try rows.next() {
      first.append(
        Row(
          columns: try columns.apply(to: row.columns, at: row.provenance),
          provenance: row.provenance))
    }
    guard !first.isEmpty else { throw FeedbackError.empty(path) }
    let detector = LayoutDetector(accepting: accepting, method: method)
    importer = RecordImporter(
      layout: try detector.layout(of: first.map(\.columns), file: first[0].provenance.file))
    firstRows = first[...]
  }

  /// The next record; nil after the last.
  ///
  /// - Throws: ``FeedbackError`` with file, line and field of what is wrong.
  public func next() throws -> Record? {
    while ready.isEmpty {
      guard let row = try nextRow() else { return nil }
      rowCount += 1
      ready = try importer.records(from: row.columns, at: row.provenance)[...]
    }
    return ready.removeFirst()
  }

  /// The rest of the records as a sequence; ends after the first failure.
  public func results() -> some Sequence<Result<Record, any Error>> {
    var hasFailed = false
    return AnyIterator {
      guard !hasFailed else { return nil }
      do {
        return try self.next().map { .success($0) }
      } catch {
        hasFailed = true
        return .failure(error)
      }
    }
  }

  private func nextRow() throws -> Row? {
    if let row = firstRows.popFirst() {
      if firstRows.isEmpty { firstRows = [] }
      return row
    }
    guard let row = try rows.next() else { return nil }
    return Row(
      columns: try columns.apply(to: row.columns, at: row.provenance), provenance: row.provenance)
  }
}
