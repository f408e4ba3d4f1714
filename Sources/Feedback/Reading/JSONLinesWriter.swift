// SPDX-License-Identifier: Apache-2.0

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
  private let file: ByteWriter
  private var isInPlace = false
  private var serializer = JSONSerializer()
  private static let blockSize = 1 << 16

  /// Begins a file.
  ///
  /// - Parameter path: where the file shall stand; its folder must exist.
  /// - Throws: ``FeedbackError/output(file:reason:)``.
  public init(_ path: String) throws {
    self.path = path
    temporary = "\(path).\(ProcessInfo.processInfo.globallyUniqueString).partial"
    do throws(SystemFailure) {
      file = try ByteWriter(temporary, isCompressed: path.hasSuffix(".gz"))
    } catch {
      throw FeedbackError.output(file: path, reason: error.reason)
    }
  }

  deinit {
    if !isInPlace { unlink(temporary) }
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
        file: path, reason: "row \(lineCount) holds a number that is not finite: \(row.keys.listed)"
      )
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
    do throws(SystemFailure) {
      try file.close()
      guard isInPlace || rename(temporary, path) == 0 else { throw SystemFailure() }
      isInPlace = true
    } catch {
      throw FeedbackError.output(file: path, reason: error.reason)
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
    do throws(SystemFailure) {
      try file.write(serializer.bytes)
    } catch {
      throw FeedbackError.output(file: path, reason: error.reason)
    }
    serializer.bytes.removeAll(keepingCapacity: true)
  }
}
