// SPDX-License-Identifier: Apache-2.0
public import Foundation

/// A file system of few bytes in memory, where this process may mount one (Linux, as root).
public final class SmallDisk {
  private let folder: ScratchFolder

  /// Where it is mounted.
  public var url: URL { folder.url }

  /// Mounts one of so many bytes; nil where that is not allowed.
  public init?(byteCount: Int) throws {
    folder = try ScratchFolder()
    guard
      Self.run("mount", ["-t", "tmpfs", "-o", "size=\(byteCount)", "tmpfs", folder.url.path])
    else { return nil }
  }

  deinit { _ = Self.run("umount", [folder.url.path]) }

  /// Whether a disk can be mounted here.
  public static var isAvailable: Bool { ((try? SmallDisk(byteCount: 65536)) ?? nil) != nil }

  private static func run(_ tool: String, _ arguments: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [tool] + arguments
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
