// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What runs leave in an output folder.
enum OutputFolder {
  /// Removes what an earlier run left besides its final model, which the new one replaces: checkpoints, also those
  /// kept aside, metrics, completions and event files. Other files are not touched.
  ///
  /// - Throws: ``TrainingError/cannotSave(path:reason:)``.
  static func removeEarlierRun(from folder: URL) throws {
    let files = FileManager.default
    let names = (try? files.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where isOfRun(name) {
      let place = folder.appending(path: name)
      do {
        try files.removeItem(at: place)
      } catch {
        throw TrainingError.cannotSave(path: place.path, reason: error.localizedDescription)
      }
    }
  }

  private static func isOfRun(_ name: String) -> Bool {
    func isNumbered(_ before: String, _ after: String = "") -> Bool {
      guard name.hasPrefix(before), name.hasSuffix(after) else { return false }
      let middle = name.dropFirst(before.count).dropLast(after.count)
      return !middle.isEmpty && middle.allSatisfy(\.isNumber)
    }
    let whole = ["metrics.jsonl", "metrics.csv", "metrics.json", "completions", "tensorboard"]
    return whole.contains(name) || isNumbered("checkpoint-") || isNumbered("checkpoints.")
      || isNumbered("metrics.", ".jsonl") || name.hasPrefix(".partial-checkpoint-")
  }
}
