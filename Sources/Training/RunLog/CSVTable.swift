// SPDX-License-Identifier: Apache-2.0

import Foundation

/// `metrics.csv`: the rows of `metrics.jsonl` as one table, for spreadsheets.
///
/// Columns stand in the order their names first appeared, and a number that a row lacks is an empty
/// cell. A row that brings a new name makes the table anew; a run does this a handful of times, at its
/// first training, evaluation and closing rows.
final class CSVTable {
  static let name = "metrics.csv"

  private let file: URL
  private var columns: [String] = []
  private var known: Set<String> = []
  private var output: AppendFile

  /// Makes the table of these rows, in place of what stands there.
  ///
  /// - Throws: ``RunLogError/cannotWrite(path:reason:)``.
  init(_ file: URL, rows: [MetricsRow]) throws {
    self.file = file
    var columns = ["step", "epoch"]
    var known = Set(columns)
    for row in rows {
      for column in row.metrics where known.insert(column.name).inserted {
        columns.append(column.name)
      }
    }
    self.columns = columns
    self.known = known
    let table = Self.text(columns, rows.lazy.map(\.entry))
    try AppendFile.replace(file, with: table)
    output = try AppendFile(file)
  }

  /// Adds a row.
  ///
  /// - Parameters:
  ///   - row: The new row.
  ///   - earlier: All rows before it.
  /// - Throws: ``RunLogError/cannotWrite(path:reason:)``.
  func append(_ row: MetricsRow, after earlier: [[String: Double]]) throws {
    let newNames = row.metrics.map(\.name).filter { known.insert($0).inserted }
    guard !newNames.isEmpty else {
      return try output.append(Self.line(row.entry, columns))
    }
    columns += newNames
    try AppendFile.replace(file, with: Self.text(columns, earlier + [row.entry]))
    output = try AppendFile(file)
  }

  private static func text(_ columns: [String], _ rows: some Sequence<[String: Double]>) -> String {
    var text = columns.map(quoted).joined(separator: ",") + "\n"
    for row in rows {
      text += line(row, columns)
    }
    return text
  }

  private static func line(_ row: [String: Double], _ columns: [String]) -> String {
    columns.map { row[$0].map(NumberText.exact) ?? "" }.joined(separator: ",") + "\n"
  }

  /// RFC 4180: a field that holds a separator is put in quotes, with its own quotes doubled.
  private static func quoted(_ field: String) -> String {
    guard field.contains(where: { ",\"\n\r".contains($0) }) else { return field }
    return "\"" + field.replacing("\"", with: "\"\"") + "\""
  }
}
