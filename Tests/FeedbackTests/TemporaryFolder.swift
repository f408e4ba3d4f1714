// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Feedback

/// A folder of one test, gone with it.
final class TemporaryFolder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("feedback-\(ProcessInfo.processInfo.globallyUniqueString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a text, compressed where the name ends in `.gz`; gives the path.
  func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = "\(path)/\(name)"
    guard name.hasSuffix(".gz") else {
      try Data(bytes).write(to: URL(fileURLWithPath: file))
      return file
    }
    let writer = try ByteWriter(file, isCompressed: true)
    try writer.write(bytes)
    try writer.close()
    return file
  }
}

/// Records of rows given as JSON Lines text.
func records(
  _ rows: String..., accepting: [RowType] = RowType.allCases, method: String = "a test"
) throws -> [Record] {
  let folder = try TemporaryFolder()
  let file = try folder.write(rows.joined(separator: "\n"), to: "rows.jsonl")
  let reader = try RecordReader(file, accepting: accepting, method: method)
  var records: [Record] = []
  while let record = try reader.next() { records.append(record) }
  return records
}

/// The message of the error that `body` throws, without the folder of the test.
func message(in folder: TemporaryFolder? = nil, _ body: () throws -> some Any) -> String {
  do {
    _ = try body()
    return "no error"
  } catch {
    return "\(error)".replacingOccurrences(of: (folder?.path ?? "?") + "/", with: "")
  }
}

func user(_ text: String) -> Message { Message(role: .user, text) }
func assistant(_ text: String) -> Message { Message(role: .assistant, text) }
