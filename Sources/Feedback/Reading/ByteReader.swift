// SPDX-License-Identifier: Apache-2.0

import CZlib
import Foundation

/// Reads a file in blocks, gzip or not; zlib recognises gzip by the first bytes, not by the name.
final class ByteReader {
  /// The path as it was given, for messages.
  let file: String
  /// Line of the next byte, from 1.
  private(set) var line = 1
  private let handle: gzFile
  private var block = [UInt8](repeating: 0, count: 1 << 16)
  private var position = 0
  private var available = 0
  private var isAtEnd = false

  /// - Throws: ``FeedbackError/missingFile(_:)`` or ``FeedbackError/unreadable(file:reason:)``.
  init(_ file: String) throws(FeedbackError) {
    self.file = file
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) else {
      throw .missingFile(file)
    }
    guard !isFolder.boolValue else {
      throw .unreadable(file: file, reason: "it is a folder")
    }
    guard let handle = gzopen(file, "rb") else {
      throw .unreadable(file: file, reason: String(cString: strerror(errno)))
    }
    gzbuffer(handle, 1 << 17)
    self.handle = handle
    // A byte order mark belongs to no column name.
    if try peek() == 0xEF, available >= 3, block[1] == 0xBB, block[2] == 0xBF { position = 3 }
  }

  deinit { gzclose(handle) }

  /// The next byte without taking it; nil at the end.
  func peek() throws(FeedbackError) -> UInt8? {
    try fill() ? block[position] : nil
  }

  /// Takes the next byte; nil at the end.
  func next() throws(FeedbackError) -> UInt8? {
    guard try fill() else { return nil }
    let byte = block[position]
    position += 1
    if byte == 0x0A { line += 1 }
    return byte
  }

  /// Replaces `text` by the next line without its end; false at the end of the file.
  func readLine(into text: inout [UInt8]) throws(FeedbackError) -> Bool {
    text.removeAll(keepingCapacity: true)
    guard try fill() else { return false }
    while try fill() {
      let found = block.withUnsafeBytes { bytes -> Int? in
        guard let base = bytes.baseAddress,
          let newline = memchr(base + position, 0x0A, available - position)
        else { return nil }
        return UnsafeRawPointer(newline) - base
      }
      text.append(contentsOf: block[position..<(found ?? available)])
      position = (found ?? available - 1) + 1
      if found != nil {
        line += 1
        break
      }
    }
    if text.last == 0x0D { text.removeLast() }
    return true
  }

  /// Makes sure a byte is there; false at the end of the file.
  private func fill() throws(FeedbackError) -> Bool {
    if position < available { return true }
    if isAtEnd { return false }
    let count = gzread(handle, &block, UInt32(block.count))
    position = 0
    available = max(0, Int(count))
    if count <= 0 {
      isAtEnd = true
      var code: Int32 = 0
      let message = gzerror(handle, &code).map { String(cString: $0) } ?? ""
      switch code {
      case Z_OK, Z_STREAM_END: break
      case Z_BUF_ERROR:
        throw .unreadable(file: file, reason: "the gzip data ends too early; was it copied whole?")
      case Z_ERRNO:
        throw .unreadable(file: file, reason: String(cString: strerror(errno)))
      default:
        throw .unreadable(file: file, reason: "broken gzip data near line \(line) (\(message))")
      }
    }
    return available > 0
  }
}
