// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A file that a download grows, over as many connections as it takes.
///
/// The checksum grows with it; what an earlier run left in the file is read once at the start.
final class FileSink: Sendable {
  private struct State {
    var descriptor: Int32
    var count: Int64 = 0
    var digest: Digest
    var reported: Int64 = 0
  }

  /// The file.
  let file: URL
  private let checksum: Checksum
  private let onChange: @Sendable (Int64) -> Void
  private let state: Mutex<State>

  /// Opens the file, made where it is missing.
  ///
  /// - Parameters:
  ///   - file: the file, whose content so far is kept.
  ///   - checksum: what the whole content must have.
  ///   - onChange: called with the change of the number of bytes; first for those found.
  /// - Throws: ``HubError/localFile(path:reason:)``, ``HubError/diskFull(path:needed:free:)``.
  init(_ file: URL, checksum: Checksum, onChange: @escaping @Sendable (Int64) -> Void) throws {
    self.file = file
    self.checksum = checksum
    self.onChange = onChange
    let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw LocalFiles.error(file, errno) }
    state = Mutex(State(descriptor: descriptor, digest: Digest(checksum)))
    try readExisting()
  }

  deinit {
    let descriptor = state.withLock { $0.descriptor }
    if descriptor >= 0 { close(descriptor) }
  }

  /// Bytes in the file.
  var count: Int64 { state.withLock { $0.count } }

  /// Prepares for an answer.
  ///
  /// - Returns: whether its body belongs into the file.
  /// - Throws: ``HubError/malformed(what:)`` for a range other than the one asked for.
  func begin(_ status: Int, range: String?) throws -> Bool {
    switch status {
    case 200:
      // Whoever cannot continue sends everything.
      if count > 0 { try restart() }
      return true
    case 206:
      guard let range, range.hasPrefix("bytes \(count)-") else {
        throw HubError.malformed(what: "\(range ?? "no range") in answer to a range from \(count)")
      }
      return true
    default: return false
    }
  }

  /// Adds bytes.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    try state.withLock { state in
      var rest = bytes[...]
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest)
        let written = write(state.descriptor, part.baseAddress, part.count)
        if written < 0 {
          if errno == EINTR { continue }
          throw LocalFiles.error(file, errno)
        }
        state.digest.update(UnsafeRawBufferPointer(rebasing: part[..<written]))
        state.count += Int64(written)
        rest = rest.dropFirst(written)
      }
    }
    report()
  }

  /// Empties the file.
  func restart() throws {
    try state.withLock { state in
      guard ftruncate(state.descriptor, 0) == 0, lseek(state.descriptor, 0, SEEK_SET) == 0 else {
        throw LocalFiles.error(file, errno)
      }
      state.count = 0
      state.digest = Digest(checksum)
    }
    report()
  }

  /// Brings everything to the disk, and closes the file.
  ///
  /// - Returns: the checksum of the content; nil where it has none to be compared with.
  func finish() throws -> String? {
    try state.withLock { state in
      // A name that appears before its content would outlive a power cut as an empty file.
      guard fsync(state.descriptor) == 0 || errno == EINVAL else {
        throw LocalFiles.error(file, errno)
      }
      close(state.descriptor)
      state.descriptor = -1
      return state.digest.hex
    }
  }

  private func readExisting() throws {
    var block = [UInt8](repeating: 0, count: 1 << 20)
    try state.withLock { state in
      while true {
        let count = block.withUnsafeMutableBytes {
          read(state.descriptor, $0.baseAddress, $0.count)
        }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw LocalFiles.error(file, errno) }
        guard count > 0 else { return }
        block.withUnsafeBytes {
          state.digest.update(UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
        state.count += Int64(count)
      }
    }
    report()
  }

  private func report() {
    let change = state.withLock { state in
      defer { state.reported = state.count }
      return state.count - state.reported
    }
    if change != 0 { onChange(change) }
  }
}

/// Local files and their errors.
enum LocalFiles {
  /// The error for a failed operation of the system.
  static func error(_ file: URL, _ code: Int32) -> HubError {
    if code == ENOSPC || code == EDQUOT {
      return .diskFull(path: file.path, needed: nil, free: freeBytes(at: file))
    }
    return .localFile(path: file.path, reason: String(cString: strerror(code)))
  }

  /// The error for a failed operation of Foundation.
  static func error(_ file: URL, _ error: any Error) -> HubError {
    if let error = error as? HubError { return error }
    let cocoa = error as? CocoaError
    if cocoa?.code == .fileWriteOutOfSpace { return Self.error(file, ENOSPC) }
    let posix = (cocoa?.userInfo[NSUnderlyingErrorKey] as? POSIXError)?.code.rawValue
    return posix.map { Self.error(file, $0) }
      ?? .localFile(path: file.path, reason: error.localizedDescription)
  }

  /// Free space where a file is or would be; nil where the system does not tell.
  static func freeBytes(at file: URL) -> Int64? {
    var folder = file
    while !FileManager.default.fileExists(atPath: folder.path), folder.path.count > 1 {
      folder.deleteLastPathComponent()
    }
    var report = statvfs()
    guard statvfs(folder.path, &report) == 0 else { return nil }
    return Int64(report.f_bavail) * Int64(report.f_frsize)
  }

  /// Makes a folder and those above it.
  static func makeFolder(_ folder: URL) throws {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw Self.error(folder, error)
    }
  }

  /// Writes a small file whole or not at all.
  static func write(_ data: Data, to file: URL) throws {
    do {
      try makeFolder(file.deletingLastPathComponent())
      try data.write(to: file, options: .atomic)
    } catch {
      throw Self.error(file, error)
    }
  }
}
