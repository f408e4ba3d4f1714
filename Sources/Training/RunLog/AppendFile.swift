// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A text file that grows by whole lines.
///
/// Each line is handed to the operating system at once, so a crash loses none; when the disk takes only
/// part of a line, the part is cut off again.
final class AppendFile {
  /// Where the file is.
  let path: String

  private let handle: FileHandle
  private var byteCount: UInt64

  /// Opens a file at its end; it is made where it is missing.
  ///
  /// - Throws: ``RunLogError/cannotWrite(path:reason:)``.
  init(_ file: URL) throws {
    path = file.path
    do {
      if !FileManager.default.fileExists(atPath: path) {
        try Data().write(to: file)
      }
      handle = try FileHandle(forWritingTo: file)
      byteCount = try handle.seekToEnd()
    } catch {
      throw Self.failure(path, error)
    }
  }

  /// Adds text that ends with a line break.
  ///
  /// - Throws: ``RunLogError/cannotWrite(path:reason:)``; the file is as before.
  func append(_ text: String) throws {
    let bytes = Data(text.utf8)
    do {
      try handle.write(contentsOf: bytes)
    } catch {
      // Where this fails too (a device), the failed write is the error worth reporting.
      try? handle.truncate(atOffset: byteCount)
      throw Self.failure(path, error)
    }
    byteCount += UInt64(bytes.count)
  }

  /// Waits until the disk holds all lines.
  ///
  /// - Throws: ``RunLogError/cannotWrite(path:reason:)``.
  func synchronize() throws {
    do {
      try handle.synchronize()
    } catch {
      throw Self.failure(path, error)
    }
  }

  /// Puts a whole file in place at once: a crash leaves the old one or the new one.
  ///
  /// - Throws: ``RunLogError/cannotWrite(path:reason:)``.
  static func replace(_ file: URL, with text: String) throws {
    do {
      try Data(text.utf8).write(to: file, options: .atomic)
    } catch {
      throw failure(file.path, error)
    }
  }

  /// Makes a folder and those above it.
  ///
  /// - Throws: ``RunLogError/cannotCreate(directory:reason:)``.
  static func makeFolder(_ directory: URL) throws {
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    } catch {
      throw RunLogError.cannotCreate(
        directory: directory.path, reason: EventFileError.reason(error))
    }
  }

  private static func failure(_ path: String, _ error: any Error) -> RunLogError {
    .cannotWrite(path: path, reason: EventFileError.reason(error))
  }
}
