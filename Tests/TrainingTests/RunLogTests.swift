// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Training

/// What a console wrote, and the time it goes by.
final class RunLogScreen {
  var text = ""
  var time = 0.0
  var lines: [Substring] { text.split(separator: "\n") }

  func console(terminal: Bool = false, quiet: Bool = false, width: Int = 100) -> Console {
    Console(
      isQuiet: quiet, isTerminal: terminal, width: width, clock: { self.time },
      sink: { self.text += $0 })
  }
}

/// A folder for one test, which is removed with everything in it.
func withRunFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("run-log-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}

extension URL {
  func text(_ name: String) throws -> String {
    try String(contentsOf: appendingPathComponent(name), encoding: .utf8)
  }

  func put(_ text: String, as name: String) throws {
    try Data(text.utf8).write(to: appendingPathComponent(name))
  }

  func names(in folder: String = "") -> [String] {
    let path = folder.isEmpty ? self.path : appendingPathComponent(folder).path
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }
}

@Suite("Run log")
struct RunLogTests {
  private func log(
    _ folder: URL?, _ targets: Set<ReportTarget> = [], startingAt step: Int = 0,
    screen: RunLogScreen = RunLogScreen()
  ) throws -> RunLog {
    try RunLog(
      directory: folder, targets: targets, stepCount: 10, startingAt: step,
      console: screen.console(quiet: true))
  }

  // Python: json.dumps({"step": 1, "epoch": 0.01, "loss": 0.1 + 0.2, "learning_rate": 5e-7, "n": 12})
  @Test("a step is one JSON line that reads back to the same numbers")
  func jsonLine() throws {
    try withRunFolder { folder in
      let log = try log(folder)
      let metrics = [("loss", 0.1 + 0.2), ("learning_rate", 5e-7), ("n", 12)]
      try log.record(metrics, step: 1, epoch: 0.01)
      try log.evaluation([("loss", 0.25)], step: 1, epoch: nil)
      #expect(
        try folder.text("metrics.jsonl") == """
          {"step": 1, "epoch": 0.01, "loss": 0.30000000000000004, "learning_rate": 5e-07, "n": 12}
          {"step": 1, "eval_loss": 0.25}

          """)
      #expect(
        log.history[0] == [
          "step": 1, "epoch": 0.01, "loss": 0.30000000000000004, "learning_rate": 5e-7, "n": 12,
        ])
      #expect(log.history[1] == ["step": 1, "eval_loss": 0.25])
    }
  }

  @Test("NaN and infinities are strings in valid JSON, and numbers again after a resume")
  func notFinite() throws {
    try withRunFolder { folder in
      let values: [(name: String, value: Double)] = [
        ("a", .nan), ("b", .infinity), ("c", -.infinity),
      ]
      try log(folder).record(values, step: 1, epoch: nil)
      let line = try folder.text("metrics.jsonl")
      #expect(line == #"{"step": 1, "a": "NaN", "b": "Infinity", "c": "-Infinity"}"# + "\n")
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }

      let history = try log(folder, startingAt: 1).history
      #expect(history.count == 1)
      #expect(history[0]["a"]?.isNaN == true)
      #expect(history[0]["b"] == .infinity)
      #expect(history[0]["c"] == -.infinity)
    }
  }

  @Test("a resumed run's files and history equal those of an unbroken one")
  func resume() throws {
    func train(_ log: RunLog, _ steps: ClosedRange<Int>) throws {
      for step in steps {
        try log.record([("loss", 1 / Double(step))], step: step, epoch: Double(step) / 4)
        if step.isMultiple(of: 3) { try log.evaluation([("loss", 0.5)], step: step, epoch: nil) }
        let row = SampleRow(
          prompt: "p", completion: "c\(step)", rewards: [], total: 1, length: 1, stopReason: "stop")
        try log.samples([row], step: step, printing: 0)
      }
    }
    try withRunFolder { unbroken in
      try withRunFolder { broken in
        let whole = try log(unbroken, [.csv])
        try train(whole, 1...9)
        try whole.finish([("train_runtime", 3)])

        let first = try log(broken, [.csv])
        try train(first, 1...7)
        try RunLog.truncate(directory: broken, afterStep: 4)
        #expect(try broken.text("metrics.jsonl").hasSuffix("\"loss\": 0.25}\n"))
        #expect(try broken.text("metrics.csv").hasSuffix("\n4,1,0.25,\n"))
        #expect(broken.names(in: "completions").last == "step_000004.jsonl")

        let second = try log(broken, [.csv], startingAt: 4)
        try train(second, 5...9)
        try second.finish([("train_runtime", 3)])
        #expect(try broken.text("metrics.jsonl") == unbroken.text("metrics.jsonl"))
        #expect(try broken.text("metrics.csv") == unbroken.text("metrics.csv"))
        #expect(broken.names(in: "completions") == unbroken.names(in: "completions"))
        #expect(second.history == whole.history)
        #expect(second.history.count == 13)
      }
    }
  }

  @Test("a run that had ended loses its closing line when it goes on")
  func extended() throws {
    try withRunFolder { folder in
      let first = try log(folder)
      try first.record([("loss", 1)], step: 2, epoch: 0.5)
      try first.finish([("train_loss", 1)])
      let closing = #"{"step": 2, "epoch": 0.5, "train_runtime": 0, "train_loss": 1}"#
      #expect(try folder.text("metrics.jsonl").hasSuffix("\n\(closing)\n"))
      try RunLog.truncate(directory: folder, afterStep: 2)
      #expect(try folder.text("metrics.jsonl") == #"{"step": 2, "epoch": 0.5, "loss": 1}"# + "\n")
    }
  }

  @Test(
    "a torn last line is cut on resume",
    arguments: ["{\"step\": 2, \"lo", "{\"step\": 2}", "\0\0\0\0", "{\"step\": 2, \"loss\": 0.\n"])
  func torn(tail: String) throws {
    try withRunFolder { folder in
      let whole = "{\"step\": 1, \"loss\": 0.5}\n"
      try folder.put(whole + tail, as: "metrics.jsonl")
      try RunLog.truncate(directory: folder, afterStep: 100)
      #expect(try folder.text("metrics.jsonl") == whole)
    }
  }

  @Test("a broken line in the middle is an error that names the file and the line")
  func brokenLine() throws {
    try withRunFolder { folder in
      let text = "{\"step\": 1}\n{\"loss\": 2}\n{\"step\": 3}\n"
      try folder.put(text, as: "metrics.jsonl")
      let error = #expect(throws: RunLogError.self) {
        try RunLog.truncate(directory: folder, afterStep: 9)
      }
      let path = folder.appendingPathComponent("metrics.jsonl").path
      #expect(error?.description.hasPrefix("\(path):2: ") == true)
      #expect(try folder.text("metrics.jsonl") == text)
    }
  }

  @Test("resuming where nothing was logged is no error")
  func nothingToCut() throws {
    try withRunFolder { folder in
      try RunLog.truncate(directory: folder, afterStep: 5)
      #expect(folder.names().isEmpty)
    }
  }

  @Test("a new run in a used folder keeps the old metrics aside and says so")
  func setAside() throws {
    try withRunFolder { folder in
      try log(folder).record([("loss", 1)], step: 1, epoch: nil)
      try log(folder).record([("loss", 2)], step: 1, epoch: nil)
      let screen = RunLogScreen()
      let third = try RunLog(
        directory: folder, targets: [], stepCount: 1, console: screen.console())
      #expect(third.history.isEmpty)
      #expect(folder.names() == ["metrics.1.jsonl", "metrics.2.jsonl", "metrics.jsonl"])
      #expect(try folder.text("metrics.1.jsonl") == "{\"step\": 1, \"loss\": 1}\n")
      #expect(screen.text.contains("kept as metrics.2.jsonl"))
    }
  }

  @Test("CSV columns stand in order of appearance, gaps are empty, odd names are quoted")
  func csv() throws {
    try withRunFolder { folder in
      let log = try log(folder, [.csv])
      try log.record([("loss", 0.5), ("kl", .nan)], step: 1, epoch: 0.25)
      try log.evaluation([("a,\"b\"", 1e-9)], step: 1, epoch: nil)
      try log.record([("kl", 2), ("loss", 0.25)], step: 2, epoch: 0.5)
      #expect(
        try folder.text("metrics.csv") == """
          step,epoch,loss,kl,"eval_a,""b\"""
          1,0.25,0.5,NaN,
          1,,,,1e-09
          2,0.5,0.25,2,

          """)
    }
  }

  @Test("TensorBoard gets its tags with prefixes, in a folder of its own, and a new file on resume")
  func tensorBoard() throws {
    try withRunFolder { folder in
      let first = try log(folder, [.tensorboard])
      try first.record([("rewards/margins", 1)], step: 1, epoch: 0.5)
      try first.evaluation([("loss", 1)], step: 1, epoch: nil)
      try first.histogram("advantages", [1, 2], step: 1)
      try first.finish([])
      let name = try #require(folder.names(in: "tensorboard").first)
      let bytes = try Data(contentsOf: folder.appendingPathComponent("tensorboard/\(name)"))
      let tags = [
        "train/rewards/margins", "train/epoch", "eval/loss", "train/advantages",
        "train/train_runtime",
      ]
      for tag in tags {
        #expect(bytes.range(of: Data(tag.utf8)) != nil, "\(tag)")
      }
      _ = try log(folder, [.tensorboard], startingAt: 1)
      #expect(folder.names(in: "tensorboard").count == 2)
    }
  }

  @Test("a histogram with NaN is a warning, not the end of the run")
  func brokenHistogram() throws {
    try withRunFolder { folder in
      let log = try log(folder, [.tensorboard])
      try log.histogram("advantages", [1, .nan], step: 3)
      try log.histogram("advantages", [.nan], step: 4)
      #expect(log.warnings.count == 1)
      #expect(log.warnings.first?.contains("1 of 2 values") == true)
    }
  }

  @Test("without a folder everything works and nothing is written")
  func noFolder() throws {
    let log = try log(nil, [.csv, .tensorboard])
    try log.record([("loss", 1)], step: 1, epoch: nil)
    try log.samples([], step: 1, printing: 1)
    try log.flush()
    try log.finish([])
    #expect(log.history.count == 2)
  }

  @Test("a recorded step passes the alarms, whose warnings are kept once")
  func alarms() throws {
    let screen = RunLogScreen()
    let log = try log(nil, screen: screen)
    for step in 1...6 {
      try log.record([("grad_norm", 0)], step: step, epoch: nil)
    }
    #expect(log.warnings.count == 1)
    #expect(screen.text == "warning: \(log.warnings[0])\n")
    #expect(log.warnings[0].hasPrefix("step 3: grad_norm is exactly 0"))
  }

  @Test("a full disk is an error that names the file", .enabled(if: hasFullDevice))
  func fullDisk() throws {
    let file = try AppendFile(URL(fileURLWithPath: "/dev/full"))
    let error = #expect(throws: RunLogError.self) { try file.append("x\n") }
    #expect(error == .cannotWrite(path: "/dev/full", reason: "No space left on device"))
    #expect(error?.description.hasPrefix("/dev/full: cannot write the run's log") == true)
  }

  @Test("a folder that cannot be made is an error that names it")
  func noPlace() throws {
    try withRunFolder { folder in
      try folder.put("", as: "file")
      let place = folder.appendingPathComponent("file/run")
      let error = #expect(throws: RunLogError.self) { try log(place) }
      #expect(error?.description.hasPrefix(place.path) == true)
    }
  }

  private static let hasFullDevice = FileManager.default.fileExists(atPath: "/dev/full")
}
