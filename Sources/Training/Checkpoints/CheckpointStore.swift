// SPDX-License-Identifier: Apache-2.0
public import Foundation
import LanguageModels
public import Torch

/// The `checkpoint-<step>` folders of a run: written whole or not at all, rotated, found again.
public struct CheckpointStore {
  /// The run's folder.
  public let outputFolder: URL
  /// Most checkpoints kept besides the best; nil keeps all.
  public let limit: Int?

  /// Names a run's checkpoints.
  public init(outputFolder: URL, limit: Int? = nil) {
    self.outputFolder = outputFolder
    self.limit = limit
  }

  /// The folder of a step.
  public func folder(step: Int) -> URL { outputFolder.appending(path: "checkpoint-\(step)") }

  /// Steps of complete checkpoints, ascending.
  public var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: outputFolder.path)) ?? []
    return names.compactMap { name in
      name.hasPrefix("checkpoint-") ? Int(name.dropFirst("checkpoint-".count)) : nil
    }.filter { step in
      let state = folder(step: step).appending(path: "trainer_state.json")
      return FileManager.default.fileExists(atPath: state.path)
    }.sorted()
  }

  /// The newest complete checkpoint.
  public var latest: URL? { steps.last.map(folder(step:)) }

  /// Writes a checkpoint beside its place, then renames it; then removes the oldest ones over the limit.
  ///
  /// - Parameters:
  ///   - step: optimizer steps done.
  ///   - best: a step that is never removed: the best so far.
  ///   - write: fills the folder it is given.
  /// - Throws: ``TrainingError/cannotSave(path:reason:)``; the temporary folder is removed.
  public func save(step: Int, keeping best: Int? = nil, _ write: (URL) throws -> Void) throws {
    let place = folder(step: step)
    let temporary = outputFolder.appending(
      path: ".partial-checkpoint-\(step)-\(UUID().uuidString.prefix(8))")
    let files = FileManager.default
    do {
      try files.createDirectory(at: temporary, withIntermediateDirectories: true)
      try write(temporary)
      try Self.move(temporary, to: place)
    } catch {
      try? files.removeItem(at: temporary)
      if let error = error as? TrainingError { throw error }
      throw TrainingError.cannotSave(path: place.path, reason: "\(error)")
    }
    rotate(keeping: best)
  }

  /// Renames; what stood there goes only once the new folder is in its place.
  private static func move(_ new: URL, to place: URL) throws {
    let files = FileManager.default
    guard files.fileExists(atPath: place.path) else {
      try files.moveItem(at: new, to: place)
      return
    }
    let old = new.appendingPathExtension("old")
    try files.moveItem(at: place, to: old)
    do {
      try files.moveItem(at: new, to: place)
    } catch {
      try? files.moveItem(at: old, to: place)
      throw error
    }
    try? files.removeItem(at: old)
  }

  /// Clears the way for a run that starts after `step`: later checkpoints, which belong to another course of the
  /// run, are moved into a folder `checkpoints.<n>`; what a crash left half written is removed.
  ///
  /// - Returns: the folder that now holds them; nil where there were none.
  /// - Throws: ``TrainingError/cannotSave(path:reason:)``.
  func setAside(after step: Int) throws -> URL? {
    let files = FileManager.default
    let names = (try? files.contentsOfDirectory(atPath: outputFolder.path)) ?? []
    for name in names where name.hasPrefix(".partial-checkpoint-") {
      try? files.removeItem(at: outputFolder.appending(path: name))
    }
    let stale = steps.filter { $0 > step || step == 0 }
    guard !stale.isEmpty else { return nil }
    var number = 1
    while names.contains("checkpoints.\(number)") { number += 1 }
    let aside = outputFolder.appending(path: "checkpoints.\(number)")
    do {
      try files.createDirectory(at: aside, withIntermediateDirectories: true)
      for step in stale {
        let old = folder(step: step)
        try files.moveItem(at: old, to: aside.appending(path: old.lastPathComponent))
      }
    } catch {
      throw TrainingError.cannotSave(path: aside.path, reason: error.localizedDescription)
    }
    return aside
  }

  private func rotate(keeping best: Int?) {
    guard let limit else { return }
    let removable = steps.filter { $0 != best }
    for step in removable.dropLast(max(1, limit)) {
      try? FileManager.default.removeItem(at: folder(step: step))
    }
  }
}

/// `trainer_state.json`: where a run stands.
public struct TrainerState: Codable, Sendable, Equatable {
  /// Optimizer steps done.
  public var globalStep: Int
  /// Passes over the data done, with fraction.
  public var epoch: Double
  /// Steps of the whole run.
  public var maxSteps: Int
  /// Everything logged so far.
  public var logHistory: [[String: Double]]
  /// Best value of the watched metric.
  public var bestMetric: Double?
  /// Step of the best value.
  public var bestStep: Int?
  /// Tokens trained on so far.
  public var tokenCount: Int
  /// Sum of the losses of all steps, for `train_loss`.
  public var lossSum = 0.0
  /// Sums of the steps since the last log line, so that a resumed run logs what an unbroken one would.
  package var interval = MetricMeans()

  enum CodingKeys: String, CodingKey {
    case globalStep = "global_step"
    case epoch
    case maxSteps = "max_steps"
    case logHistory = "log_history"
    case bestMetric = "best_metric"
    case bestStep = "best_step"
    case tokenCount = "num_tokens"
    case lossSum = "loss_sum"
    case interval
  }

  /// The state before the first step.
  public init(maxSteps: Int) {
    globalStep = 0
    epoch = 0
    self.maxSteps = maxSteps
    logHistory = []
    tokenCount = 0
  }

  /// Reads `trainer_state.json`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    globalStep = try values.decode(Int.self, forKey: .globalStep)
    epoch = try values.decode(Double.self, forKey: .epoch)
    maxSteps = try values.decode(Int.self, forKey: .maxSteps)
    logHistory = try values.decode([[String: Double]].self, forKey: .logHistory)
    bestMetric = try values.decodeIfPresent(Double.self, forKey: .bestMetric)
    bestStep = try values.decodeIfPresent(Int.self, forKey: .bestStep)
    tokenCount = try values.decode(Int.self, forKey: .tokenCount)
    lossSum = try values.decodeIfPresent(Double.self, forKey: .lossSum) ?? lossSum
    interval = try values.decodeIfPresent(MetricMeans.self, forKey: .interval) ?? interval
  }

  /// Reads a checkpoint's state.
  ///
  /// - Throws: ``TrainingError/cannotResume(path:reason:)``.
  public init(checkpoint: URL) throws {
    let file = checkpoint.appending(path: "trainer_state.json")
    do {
      let decoder = JSONDecoder()
      decoder.nonConformingFloatDecodingStrategy = .convertFromString(
        positiveInfinity: Self.infinity, negativeInfinity: "-" + Self.infinity, nan: Self.nan)
      self = try decoder.decode(TrainerState.self, from: Data(contentsOf: file))
    } catch {
      throw TrainingError.cannotResume(
        path: checkpoint.path,
        reason: "trainer_state.json is missing or broken; the checkpoint is incomplete")
    }
  }

  // JSON has no such numbers; a metric may be one without the run being lost.
  private static let infinity = "Infinity"
  private static let nan = "NaN"

  func write(to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: Self.infinity, negativeInfinity: "-" + Self.infinity, nan: Self.nan)
    try encoder.encode(self).write(to: folder.appending(path: "trainer_state.json"))
  }
}

extension Optimizer {
  /// Writes the optimizer's memory into a checkpoint.
  public func save(to folder: URL, name: String = "optimizer") throws {
    try SafetensorsWriter.write(state, to: folder.appending(path: "\(name).safetensors"))
  }

  /// Reads it back.
  public func load(from folder: URL, name: String = "optimizer") throws {
    try restore(SafetensorsFile(folder.appending(path: "\(name).safetensors")))
  }
}
