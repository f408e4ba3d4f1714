// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A lock that one process, or one thread, holds at a time; the hub's Python tools use the same.
///
/// It ends with the value, or with the process, whatever ends that.
final class FileLock: Sendable {
  private let descriptor: Int32

  /// Waits for the lock.
  ///
  /// - Parameters:
  ///   - file: the lock's file, made where it is missing.
  ///   - whileWaiting: called about every quarter second while another holds the lock; may throw to
  ///     give up.
  /// - Throws: ``HubError/localFile(path:reason:)``, and what `whileWaiting` throws.
  init(_ file: URL, whileWaiting: () throws -> Void) throws {
    try LocalFiles.makeFolder(file.deletingLastPathComponent())
    while true {
      let opened = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard opened >= 0 else { throw LocalFiles.error(file, errno) }
      do {
        try Self.wait(opened, file, whileWaiting)
      } catch {
        close(opened)
        throw error
      }
      // Whoever held it before may have removed the file: then the lock is one on nothing.
      var found = stat()
      if fstat(opened, &found) == 0, found.st_nlink > 0 {
        descriptor = opened
        return
      }
      close(opened)
    }
  }

  deinit { close(descriptor) }

  private static func wait(_ descriptor: Int32, _ file: URL, _ whileWaiting: () throws -> Void)
    throws
  {
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      switch errno {
      case EWOULDBLOCK, EINTR:
        try whileWaiting()
        Thread.sleep(forTimeInterval: 0.25)
      case ENOLCK, ENOSYS, EOPNOTSUPP:
        // Some network file systems have no locks. Contents are checked and appear by renaming, so
        // without one the worst is a second download.
        return
      default: throw LocalFiles.error(file, errno)
      }
    }
  }
}
