// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation

/// The folder `completions` of a run: a file of sampled completions for each step that logs them.
enum CompletionFiles {
  /// Writes the rows of a step in place of what its file held.
  ///
  /// - Throws: ``RunLogError/cannotCreate(directory:reason:)``,
  ///   ``RunLogError/cannotWrite(path:reason:)``.
  static func write(_ rows: [SampleRow], directory: URL, step: Int) throws {
    let folder = folder(of: directory)
    try AppendFile.makeFolder(folder)
    let digits = String(step)
    let padding = String(repeating: "0", count: max(0, 6 - digits.count))
    let file = folder.appendingPathComponent("step_\(padding)\(digits).jsonl", isDirectory: false)
    let lines = rows.map { JSONValue.object($0.json(step: step)).serialized() + "\n" }
    try AppendFile.replace(file, with: lines.joined())
  }

  /// Removes the files of steps after `step`.
  ///
  /// - Throws: ``RunLogError/cannotWrite(path:reason:)``.
  static func remove(directory: URL, afterStep step: Int) throws {
    let folder = folder(of: directory)
    guard FileManager.default.fileExists(atPath: folder.path) else { return }
    do {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        guard let fileStep = self.step(of: name), fileStep > step else { continue }
        try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
      }
    } catch {
      throw RunLogError.cannotWrite(path: folder.path, reason: EventFileError.reason(error))
    }
  }

  private static func folder(of directory: URL) -> URL {
    directory.appendingPathComponent("completions", isDirectory: true)
  }

  private static func step(of name: String) -> Int? {
    guard name.hasPrefix("step_"), name.hasSuffix(".jsonl") else { return nil }
    return Int(name.dropFirst(5).dropLast(6))
  }
}
