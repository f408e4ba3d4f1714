// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A whole file in the address space, private to this process: writes to it never reach the file.
final class FileMapping {
  let base: UnsafePointer<UInt8>
  let count: Int

  init(path: String) throws {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else {
      throw SafetensorsError.unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size > 0 else {
      throw SafetensorsError.truncated(path: path, expected: 8, found: 0)
    }
    count = Int(status.st_size)
    guard let address = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0),
      address != MAP_FAILED
    else {
      throw SafetensorsError.unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    base = UnsafePointer(address.assumingMemoryBound(to: UInt8.self))
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), count) }
}
