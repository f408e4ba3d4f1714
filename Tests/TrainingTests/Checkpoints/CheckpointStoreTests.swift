// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Training

@Suite("Checkpoints on disk")
struct CheckpointStoreTests {
  private func save(
    _ store: CheckpointStore, _ step: Int, _ text: String = "state", best: Int? = nil
  ) throws {
    try store.save(step: step, keeping: best) { folder in
      try Data(text.utf8).write(to: folder.appending(path: "trainer_state.json"))
    }
  }

  private func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test("only complete checkpoints count; the newest is that of the highest step")
  func incomplete() throws {
    let folder = try ScratchFolder()
    let store = CheckpointStore(outputFolder: folder.url)
    #expect(store.latest == nil)
    for step in [9, 10] { try save(store, step) }
    for name in ["checkpoint-11", "checkpoint-x", "other-12"] {
      try FileManager.default.createDirectory(
        at: folder[name], withIntermediateDirectories: true)
    }
    #expect(store.steps == [9, 10])
    #expect(store.latest == folder["checkpoint-10"])
  }

  @Test("rotation keeps the last ones and the best")
  func rotation() throws {
    let folder = try ScratchFolder()
    let store = CheckpointStore(outputFolder: folder.url, limit: 2)
    for step in 1...6 { try save(store, step, best: step >= 2 ? 2 : nil) }
    #expect(store.steps == [2, 5, 6])
    #expect(try names(folder.url) == ["checkpoint-2", "checkpoint-5", "checkpoint-6"])
  }

  @Test("a second save of a step replaces the first")
  func again() throws {
    let folder = try ScratchFolder()
    let store = CheckpointStore(outputFolder: folder.url)
    try save(store, 3, "old")
    try save(store, 3, "new")
    let text = try String(
      contentsOf: folder["checkpoint-3/trainer_state.json"], encoding: .utf8)
    #expect(text == "new")
    #expect(try names(folder.url) == ["checkpoint-3"])
  }

  @Test("a save that fails says so, leaves nothing behind and every older checkpoint whole")
  func failure() throws {
    let folder = try ScratchFolder()
    let store = CheckpointStore(outputFolder: folder.url, limit: 1)
    try save(store, 3, "old")
    struct Full: Error {}
    for step in [3, 4] {
      #expect {
        try store.save(step: step) { place in
          try Data("half".utf8).write(to: place.appending(path: "trainer_state.json"))
          throw Full()
        }
      } throws: { error in
        guard case TrainingError.cannotSave(let path, _) = error else { return false }
        return path == folder["checkpoint-\(step)"].path
      }
    }
    let text = try String(
      contentsOf: folder["checkpoint-3/trainer_state.json"], encoding: .utf8)
    #expect(text == "old")
    #expect(try names(folder.url) == ["checkpoint-3"])
  }

  @Test("the system's word for a full disk reaches the user")
  func fullDevice() throws {
    try #require(FileManager.default.fileExists(atPath: "/dev/full"))
    let folder = try ScratchFolder()
    let store = CheckpointStore(outputFolder: folder.url)
    try save(store, 1)
    #expect {
      try store.save(step: 2) { _ in
        let device = try FileHandle(forWritingTo: URL(filePath: "/dev/full"))
        try device.write(contentsOf: Data(count: 4096))
      }
    } throws: { "\($0)".contains("cannot save") && "\($0)".contains("earlier checkpoints") }
    #expect(store.steps == [1])
  }

  @Test("a new run moves an earlier run's checkpoints aside; a resumed one those after its start")
  func asides() throws {
    let folder = try ScratchFolder()
    let store = CheckpointStore(outputFolder: folder.url)
    for step in [2, 4, 6] { try save(store, step) }
    try FileManager.default.createDirectory(
      at: folder[".partial-checkpoint-7-ABCD"], withIntermediateDirectories: true)
    #expect(try store.setAside(after: 4) == folder["checkpoints.1"])
    #expect(store.steps == [2, 4])
    #expect(try names(folder["checkpoints.1"]) == ["checkpoint-6"])
    #expect(try store.setAside(after: 0) == folder["checkpoints.2"])
    #expect(store.steps.isEmpty)
    #expect(try store.setAside(after: 0) == nil)
    #expect(try names(folder.url) == ["checkpoints.1", "checkpoints.2"])
  }

  @Test("a broken state is no checkpoint to continue from")
  func brokenState() throws {
    let folder = try ScratchFolder()
    try Data("{".utf8).write(to: folder["trainer_state.json"])
    #expect {
      _ = try TrainerState(checkpoint: folder.url)
    } throws: { error in
      guard case TrainingError.cannotResume(let path, _) = error else { return false }
      return path == folder.url.path
    }
  }

  @Test("a state written by an earlier version, without sums, is read")
  func olderState() throws {
    let folder = try ScratchFolder()
    let json =
      #"{"global_step": 4, "epoch": 0.5, "max_steps": 9, "log_history": [], "num_tokens": 77}"#
    try Data(json.utf8).write(to: folder["trainer_state.json"])
    let state = try TrainerState(checkpoint: folder.url)
    #expect(state.globalStep == 4)
    #expect(state.tokenCount == 77)
    #expect(state.interval.isEmpty)
  }
}
