// SPDX-License-Identifier: Apache-2.0

import CZlib
import Foundation

/// Writes JSON Lines to a temporary file that takes the place of `path` only when all is written,
/// so a crash never leaves half a file. Compressed when the name ends in `.gz`.
///
///     try JSONLinesWriter.write(records, to: "pairs.jsonl.gz")
public final class JSONLinesWriter {
  /// Lines written so far.
  public private(set) var lineCount = 0

  private let path: String
  private let temporary: String
  private var handle: gzFile?
  private var serializer = JSONSerializer()
  private static let blockSize = 1 << 16

  /// Begins a file.
  ///
  /// - Parameter path: where the file shall stand; its folder must exist.
  /// - Throws: ``FeedbackError/output(file:reason:)``.
  public init(_ path: String) throws {
    self.path = path
    temporary = "\(path).\(ProcessInfo.processInfo.globallyUniqueString).partial"
    // "T" writes the bytes as they are.
    guard let handle = gzopen(temporary, path.hasSuffix(".gz") ? "wb6" : "wbT") else {
      throw FeedbackError.output(file: path, reason: String(cString: strerror(errno)))
    }
    self.handle = handle
  }

  deinit {
    if let handle {
      gzclose(handle)
      unlink(temporary)
    }
  }

  /// Adds one row.
  ///
  /// - Throws: ``FeedbackError/output(file:reason:)``: a full disk, or a number that is not finite,
  ///   for which JSON has no form.
  public func write(_ row: JSONObject) throws {
    serializer.append(row)
    serializer.bytes.append(0x0A)
    lineCount += 1
    guard serializer.nonFiniteCount == 0 else {
      throw FeedbackError.output(
        file: path, reason: "row \(lineCount) holds a number that is not finite: \(row.keys.listed)")
    }
    if serializer.bytes.count >= Self.blockSize { try flush() }
  }

  /// Adds one record.
  ///
  /// - Throws: as ``write(_:)-(JSONObject)``.
  public func write(_ record: Record) throws { try write(record.json) }

  /// Ends the file and puts it in place. Without this call nothing appears at `path`.
  ///
  /// - Throws: ``FeedbackError/output(file:reason:)``.
  public func finish() throws {
    try flush()
    guard let handle else { return }
    self.handle = nil
    guard gzclose(handle) == Z_OK else {
      let reason = String(cString: strerror(errno))
      unlink(temporary)
      throw FeedbackError.output(file: path, reason: reason)
    }
    guard rename(temporary, path) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(temporary)
      throw FeedbackError.output(file: path, reason: reason)
    }
  }

  /// Writes all records to a file at once.
  ///
  /// - Throws: as ``write(_:)-(Record)`` and ``finish()``.
  public static func write(_ records: some Sequence<Record>, to path: String) throws {
    let writer = try JSONLinesWriter(path)
    for record in records { try writer.write(record) }
    try writer.finish()
  }

  private func flush() throws {
    guard let handle, !serializer.bytes.isEmpty else { return }
    let written = gzwrite(handle, serializer.bytes, UInt32(serializer.bytes.count))
    guard Int(written) == serializer.bytes.count else {
      throw FeedbackError.output(file: path, reason: String(cString: strerror(errno)))
    }
    serializer.bytes.removeAll(keepingCapacity: true)
  }
}
