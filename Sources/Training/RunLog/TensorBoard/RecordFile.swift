// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A TFRecord file open for writing: records with their length and checksums, buffered.
///
///     record = length (8 bytes) · masked CRC of length (4) · payload · masked CRC of payload (4)
///
/// All integers are little-endian. The file always ends with a whole record: when the system takes
/// only part of a write (a full disk), the part is cut off again and the bytes wait for the next
/// ``flush()``, so a reader that follows the file never meets a torn record in the middle.
final class RecordFile {
  /// Where the file is, for messages.
  let path: String
  /// Bytes not yet handed to the operating system.
  var pendingByteCount: Int { pending.count }

  private let handle: FileHandle
  private var pending: [UInt8] = []
  private var writtenByteCount: UInt64 = 0

  /// Writes from the start of an open file.
  ///
  /// - Parameters:
  ///   - handle: An empty file open for writing; this object owns it.
  ///   - path: Where it is, for messages.
  init(_ handle: FileHandle, path: String) {
    self.handle = handle
    self.path = path
  }

  /// Creates `stem.0` in `directory`, or `stem.1` and so on where the name is taken.
  ///
  /// - Throws: ``EventFileError/cannotCreate(directory:reason:)``.
  convenience init(in directory: URL, stem: String) throws {
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      let file = try Self.createUnique(in: directory, stem: stem)
      try self.init(FileHandle(forWritingTo: file), path: file.path)
    } catch {
      throw EventFileError.cannotCreate(
        directory: directory.path, reason: EventFileError.reason(error))
    }
  }

  deinit {
    // The last chance for buffered records. Whoever must know of a failure calls `flush` before.
    try? flush()
  }

  /// Adds one record to the buffer.
  func append(_ payload: [UInt8]) {
    let length = Self.littleEndian(UInt64(payload.count))
    pending += length
    pending += Self.littleEndian(CRC32C.masked(length))
    pending += payload
    pending += Self.littleEndian(CRC32C.masked(payload))
  }

  /// Hands all buffered records to the operating system.
  ///
  /// - Throws: ``EventFileError/cannotWrite(path:reason:)``; the records stay buffered.
  func flush() throws {
    guard !pending.isEmpty else { return }
    do {
      try handle.write(contentsOf: pending)
    } catch {
      // Not every file can be cut (a pipe cannot); then its reader stops at the torn record, and
      // the failed write is the error worth reporting.
      try? handle.truncate(atOffset: writtenByteCount)
      throw EventFileError.cannotWrite(path: path, reason: EventFileError.reason(error))
    }
    writtenByteCount += UInt64(pending.count)
    pending.removeAll(keepingCapacity: true)
  }

  /// Makes a new empty file and returns it; never one that exists, also against other processes.
  private static func createUnique(in directory: URL, stem: String) throws -> URL {
    var number = 0
    while true {
      let file = directory.appendingPathComponent("\(stem).\(number)", isDirectory: false)
      do {
        try Data().write(to: file, options: .withoutOverwriting)
        return file
      } catch let error as CocoaError where error.code == .fileWriteFileExists {
        number += 1
      }
    }
  }

  private static func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }
}
