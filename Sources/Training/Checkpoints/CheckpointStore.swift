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
  ///   - keeping: a step that is never removed: the best so far.
  ///   - write: fills the folder it is given.
  /// - Throws: ``TrainingError/cannotSave(path:reason:)``; the temporary folder is removed.
  public func save(step: Int, keeping best: Int? = nil, _ write: (URL) throws -> Void) throws {
    let place = folder(step: step)
    let temporary = outputFolder.appending(path: ".partial-checkpoint-\(step)-\(UUID().uuidString.prefix(8))")
    let files = FileManager.default
    do {
      try files.createDirectory(at: temporary, withIntermediateDirectories: true)
      try write(temporary)
      if files.fileExists(atPath: place.path) { try files.removeItem(at: place) }
      try files.moveItem(at: temporary, to: place)
    } catch {
      try? files.removeItem(at: temporary)
      if let error = error as? TrainingError { throw error }
      throw TrainingError.cannotSave(path: place.path, reason: "\(error)")
    }
    rotate(keeping: best)
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

  enum CodingKeys: String, CodingKey {
    case globalStep = "global_step"
    case epoch
    case maxSteps = "max_steps"
    case logHistory = "log_history"
    case bestMetric = "best_metric"
    case bestStep = "best_step"
    case tokenCount = "num_tokens"
  }

  /// The state before the first step.
  public init(maxSteps: Int) {
    globalStep = 0
    epoch = 0
    self.maxSteps = maxSteps
    logHistory = []
    tokenCount = 0
  }

  /// Reads a checkpoint's state.
  ///
  /// - Throws: ``TrainingError/cannotResume(path:reason:)``.
  public init(checkpoint: URL) throws {
    let file = checkpoint.appending(path: "trainer_state.json")
    do {
      self = try JSONDecoder().decode(TrainerState.self, from: Data(contentsOf: file))
    } catch {
      throw TrainingError.cannotResume(
        path: checkpoint.path, reason: "trainer_state.json is missing or broken; the checkpoint is incomplete")
    }
  }

  func write(to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
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
