// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation

/// Rows from a file, a folder of shards, or JSON Lines on standard input.
final class RowInput {
  /// One row and where it stands.
  struct Row {
    var columns: JSONObject
    var place: Provenance
  }

  private let reader: RowReader?
  private var pending: [UInt8] = []
  /// Where the next line begins in `pending`.
  private var start = 0
  private var lineNumber = 0
  private var isAtEnd = false

  /// Opens the input.
  ///
  /// - Parameter path: a file or folder; nil or `-` for standard input.
  /// - Throws: ``FeedbackError``.
  init(_ path: String?) throws {
    reader = try path.flatMap { $0 == "-" ? nil : try RowReader($0) }
  }

  /// The next row; nil after the last.
  ///
  /// - Throws: ``FeedbackError`` with file and line.
  func next() throws -> Row? {
    guard let reader else { return try nextOfStandardInput() }
    return try reader.next().map { Row(columns: $0.columns, place: $0.provenance) }
  }

  private func nextOfStandardInput() throws -> Row? {
    while let line = try nextLine() {
      lineNumber += 1
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
      let place = Provenance(file: "standard input", line: lineNumber)
      do {
        let value = try JSONValue(parsing: line)
        guard let columns = value.object else {
          throw FeedbackError.disagreement(
            at: place, rowType: "", problem: "expected an object a line, found \(value.kind)")
        }
        return Row(columns: columns, place: place)
      } catch let error as JSONSyntaxError {
        throw FeedbackError.syntax(at: place, column: error.column, reason: error.reason)
      }
    }
    return nil
  }

  /// The next line without its end; nil after the last.
  private func nextLine() throws -> [UInt8]? {
    var searched = start
    while true {
      if let end = pending[searched...].firstIndex(of: 0x0A) {
        defer { start = end + 1 }
        return Array(pending[start..<end])
      }
      if isAtEnd {
        defer { start = pending.count }
        return start < pending.count ? Array(pending[start...]) : nil
      }
      // Lines are short beside a block, so what is moved here is short beside what was read.
      pending.removeFirst(start)
      start = 0
      searched = pending.count
      try fill()
    }
  }

  private func fill() throws {
    var block = [UInt8](repeating: 0, count: 1 << 16)
    let count = block.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
    if count < 0, errno != EINTR {
      throw FeedbackError.unreadable(
        file: "standard input", reason: String(cString: strerror(errno)))
    }
    if count == 0 { isAtEnd = true }
    if count > 0 { pending += block[..<count] }
  }
}

/// Rows to a file, which appears whole or not at all, or as JSON Lines on standard output.
final class RowOutput {
  private let writer: JSONLinesWriter?
  /// Rows written so far.
  private(set) var count = 0

  /// Begins to write.
  ///
  /// - Parameter path: a file, compressed where its name ends in `.gz`; nil or `-` for standard
  ///   output.
  /// - Throws: ``FeedbackError/output(file:reason:)``.
  init(_ path: String?) throws {
    writer = try path.flatMap { $0 == "-" ? nil : try JSONLinesWriter($0) }
  }

  /// Adds a row.
  func write(_ row: JSONObject) throws {
    count += 1
    guard let writer else { return Output.current.json(row) }
    try writer.write(row)
  }

  /// Ends the file and puts it in place.
  func finish() throws {
    guard let writer else { return try Output.current.flush() }
    try writer.finish()
  }
}
