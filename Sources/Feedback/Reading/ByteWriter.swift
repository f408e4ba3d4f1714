// SPDX-License-Identifier: Apache-2.0

import CZlib
import Foundation

/// Writes bytes to a file, compressed where asked.
final class ByteWriter {
  private var handle: gzFile?

  /// - Throws: ``SystemFailure`` with the system's words.
  init(_ file: String, isCompressed: Bool) throws(SystemFailure) {
    // "T" writes the bytes as they are.
    guard let handle = gzopen(file, isCompressed ? "wb6" : "wbT") else { throw SystemFailure() }
    self.handle = handle
  }

  deinit {
    if let handle { gzclose(handle) }
  }

  func write(_ bytes: [UInt8]) throws(SystemFailure) {
    guard let handle, !bytes.isEmpty else { return }
    guard gzwrite(handle, bytes, UInt32(bytes.count)) == Int32(bytes.count) else {
      throw SystemFailure()
    }
  }

  /// Writes out what is held back and closes the file.
  func close() throws(SystemFailure) {
    guard let handle else { return }
    self.handle = nil
    guard gzclose(handle) == Z_OK else { throw SystemFailure() }
  }
}

/// The last error of the system, in its words.
struct SystemFailure: Error {
  let reason = String(cString: strerror(errno))
}
