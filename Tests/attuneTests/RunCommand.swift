// SPDX-License-Identifier: Apache-2.0

import Foundation

@testable import attune

/// What became of a command line.
struct CommandResult {
  var status: Int32
  /// Everything on standard output.
  var output: String
  /// Everything on standard error.
  var errors: String

  /// The lines of the output.
  var lines: [Substring] { output.split(separator: "\n") }
}

/// A folder for one test; it goes away with the value.
final class TemporaryFolder {
  let url: URL
  private let isOwned: Bool

  init() throws {
    isOwned = true
    url = FileManager.default.temporaryDirectory.appending(path: "attune-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  /// A folder that belongs to somebody else, who removes it later.
  init(at url: URL) throws {
    self.url = url
    isOwned = false
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    guard isOwned else { return }
    // What cannot be removed is left to the system's own cleaning.
    try? FileManager.default.removeItem(at: url)
  }

  /// The path of a file in the folder.
  func path(_ name: String) -> String { url.appending(path: name).path }

  /// Writes a file and returns its path.
  func write(_ text: String, _ name: String) throws -> String {
    try Data(text.utf8).write(to: url.appending(path: name))
    return path(name)
  }

  /// The text of a file.
  func text(_ name: String) throws -> String {
    try String(contentsOf: url.appending(path: name), encoding: .utf8)
  }
}

/// Runs a command line in this process, with its output in files.
func attune(_ arguments: [String]) throws -> CommandResult {
  let folder = try TemporaryFolder()
  let files = try ["output", "errors"].map { name in
    _ = try folder.write("", name)
    return try FileHandle(forWritingTo: folder.url.appending(path: name))
  }
  let output = Output(results: files[0].fileDescriptor, progress: files[1].fileDescriptor)
  let status = Output.$current.withValue(output) { Launcher.execute(arguments) }
  for file in files { try file.close() }
  return CommandResult(
    status: status, output: try folder.text("output"), errors: try folder.text("errors"))
}

/// Runs a command line in this process, with its output in files.
func attune(_ arguments: String...) throws -> CommandResult { try attune(arguments) }
