// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation

/// `metrics.jsonl` of a run folder, when a run begins, resumes or is read again.
enum MetricsFile {
  static let name = "metrics.jsonl"

  /// Cuts everything that an interrupted run logged after a checkpoint, and reads the rest.
  ///
  /// Cut off are, from the end: a torn last line, lines of later steps, and the closing line of a run
  /// that had ended and now goes on. One pass over the file; nothing is written where nothing is cut.
  ///
  /// - Parameters:
  ///   - file: The metrics; none are as good as an empty file.
  ///   - step: The checkpoint's step.
  /// - Returns: The rows that stay, in order.
  /// - Throws: ``RunLogError/cannotRead(path:reason:)``,
  ///   ``RunLogError/cannotWrite(path:reason:)``, ``RunLogError/brokenLine(path:line:reason:)``.
  static func cut(_ file: URL, afterStep step: Int) throws -> [MetricsRow] {
    guard FileManager.default.fileExists(atPath: file.path) else { return [] }
    let bytes = try read(file)
    var rows: [MetricsRow] = []
    var start = 0
    while start < bytes.count {
      // A line without its end was torn by a crash, even if what stands there can be read.
      guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { break }
      let row: MetricsRow
      do {
        row = try parse(Array(bytes[start..<end]))
      } catch {
        if end + 1 == bytes.count { break }
        throw RunLogError.brokenLine(
          path: file.path, line: rows.count + 1, reason: String(describing: error))
      }
      if row.step > step || row.isSummary { break }
      rows.append(row)
      start = end + 1
    }
    if start < bytes.count {
      try shorten(file, to: start)
    }
    return rows
  }

  /// Moves the metrics of an earlier run aside, to `metrics.1.jsonl` or the next free number.
  ///
  /// - Returns: The new file name; nil where there were no metrics.
  /// - Throws: ``RunLogError/cannotRead(path:reason:)``.
  static func setAside(_ file: URL) throws -> String? {
    let files = FileManager.default
    guard files.fileExists(atPath: file.path), try !read(file).isEmpty else { return nil }
    let folder = file.deletingLastPathComponent()
    var number = 1
    while true {
      let newName = "metrics.\(number).jsonl"
      let target = folder.appendingPathComponent(newName, isDirectory: false)
      if !files.fileExists(atPath: target.path) {
        do {
          try files.moveItem(at: file, to: target)
          return newName
        } catch {
          throw RunLogError.cannotRead(path: file.path, reason: EventFileError.reason(error))
        }
      }
      number += 1
    }
  }

  private enum LineProblem: Error, CustomStringConvertible {
    case noRow

    var description: String {
      "an object with a whole number 'step' and otherwise numbers is wanted"
    }
  }

  private static func parse(_ line: [UInt8]) throws -> MetricsRow {
    guard let members = try JSONValue(parsing: line).object, let row = MetricsRow(members) else {
      throw LineProblem.noRow
    }
    return row
  }

  private static func read(_ file: URL) throws -> [UInt8] {
    do {
      return try [UInt8](Data(contentsOf: file))
    } catch {
      throw RunLogError.cannotRead(path: file.path, reason: EventFileError.reason(error))
    }
  }

  private static func shorten(_ file: URL, to byteCount: Int) throws {
    do {
      let handle = try FileHandle(forWritingTo: file)
      try handle.truncate(atOffset: UInt64(byteCount))
      try handle.close()
    } catch {
      throw RunLogError.cannotWrite(path: file.path, reason: EventFileError.reason(error))
    }
  }
}
