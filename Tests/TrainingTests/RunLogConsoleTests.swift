// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Training

@Suite("Run log console")
struct RunLogConsoleTests {
  let screen = RunLogScreen()

  private func log(
    terminal: Bool, quiet: Bool = false, width: Int = 100, stepCount: Int = 100,
    startingAt step: Int = 0
  ) throws -> RunLog {
    try RunLog(
      directory: nil, targets: [], stepCount: stepCount, startingAt: step, keyMetric: "reward",
      console: screen.console(terminal: terminal, quiet: quiet, width: width))
  }

  // 25 of 100 steps in 50 s leave 150 s.
  @Test("progress shows step, percent, loss, key metric, speed, elapsed and remaining time")
  func progress() throws {
    let log = try log(terminal: false)
    screen.time = 50
    let metrics = [
      ("kl", 1), ("reward", -0.123456), ("loss", 0.693147), ("tokens_per_second", 12345.6),
    ]
    try log.record(metrics, step: 25, epoch: 0.5)
    #expect(
      screen.text == """
        step 25/100  25%  loss 0.6931  reward -0.1235  12346 tokens/s  0:50 elapsed  ETA 2:30

        """)
  }

  @Test("the remaining time of a resumed run counts only its own steps")
  func resumedTime() throws {
    let log = try log(terminal: false, startingAt: 50)
    screen.time = 20
    try log.record([], step: 60, epoch: nil)
    #expect(screen.text.hasSuffix("0:20 elapsed  ETA 1:20\n"))
  }

  @Test("off a terminal lines are plain and rare, the first and the last always come")
  func plainLines() throws {
    let log = try log(terminal: false)
    for step in 1...100 {
      screen.time = Double(step) * 0.5
      try log.record([("loss", 1)], step: step, epoch: nil)
    }
    try log.finish([("train_loss", 1)])
    let steps = screen.lines.compactMap { $0.split(separator: "/").first }.filter {
      $0.hasPrefix("step ")
    }
    #expect(
      steps == [
        "step 1", "step 11", "step 21", "step 31", "step 41", "step 51", "step 61", "step 71",
        "step 81", "step 91", "step 100",
      ])
    #expect(!screen.text.contains("\r"))
    #expect(!screen.text.contains("\u{1B}"))
    #expect(screen.lines.last == "done after step 100  train_runtime 50  train_loss 1")
  }

  @Test("a run that stops early still shows its last step")
  func earlyEnd() throws {
    do {
      let log = try log(terminal: false)
      for step in 1...3 {
        screen.time = Double(step)
        try log.record([], step: step, epoch: nil)
      }
    }
    #expect(screen.lines.map { $0.prefix(10) } == ["step 1/100", "step 3/100"])
  }

  @Test("a terminal's line is rewritten, and other lines go above it")
  func terminal() throws {
    let log = try log(terminal: true, stepCount: 3)
    try log.record([("loss", 1)], step: 1, epoch: nil)
    log.note("saved")
    screen.time = 1
    try log.record([("loss", 2)], step: 2, epoch: nil)
    let clear = "\r\u{1B}[K"
    let first = "step 1/3  33%  loss 1  0:00 elapsed  ETA 0:00"
    let second = "step 2/3  66%  loss 2  0:01 elapsed  ETA 0:01"
    #expect(screen.text == clear + first + clear + "saved\n" + first + clear + second)
    try log.finish([])
    #expect(screen.text.hasSuffix(second + "\ndone after step 2  train_runtime 1\n"))
  }

  @Test("a terminal's line never fills its width")
  func narrow() throws {
    let log = try log(terminal: true, width: 20)
    try log.record([("loss", 0.123456789)], step: 1, epoch: nil)
    #expect(screen.text == "\r\u{1B}[Kstep 1/100  1%  los")
  }

  @Test("a quiet console shows warnings only, each once, repeated nowhere else")
  func quiet() throws {
    let log = try log(terminal: false, quiet: true)
    log.start([("model", "small")])
    log.note("note")
    log.warnOnce("a", "rows dropped")
    log.warnOnce("a", "rows dropped again")
    try log.record([("loss", 1)], step: 1, epoch: nil)
    try log.evaluation([("loss", 1)], step: 1, epoch: nil)
    try log.finish([])
    #expect(screen.text == "warning: rows dropped\n")
    #expect(log.warnings == ["rows dropped"])
  }

  @Test("warnings come again at the end, when they have scrolled away")
  func warningsAtEnd() throws {
    let log = try log(terminal: false)
    log.warnOnce("a", "rows dropped")
    try log.finish([])
    #expect(screen.lines.suffix(2) == ["warnings of this run:", "  rows dropped"])
  }

  @Test("the opening block lines its values up")
  func start() throws {
    try log(terminal: false).start([
      ("model", "6 layers\n13 M parameters"), ("tokens per step", "2048"),
    ])
    #expect(
      screen.text == """
        model:           6 layers
                         13 M parameters
        tokens per step: 2048

        """)
  }

  @Test(
    "numbers for people have four digits, whole ones all",
    arguments: [
      (0.693147, "0.6931"), (5e-7, "5e-07"), (12345.6, "12346"), (3, "3"), (-0.5, "-0.5"),
      (2e20, "2e+20"), (1234567, "1234567"), (.nan, "NaN"), (-.infinity, "-Infinity"),
    ])
  func shortNumbers(value: Double, text: String) {
    #expect(NumberText.short(value) == text)
  }

  @Test("durations read as clocks", arguments: [(5.4, "0:05"), (125, "2:05"), (93725, "26:02:05")])
  func durations(seconds: Double, text: String) {
    #expect(NumberText.duration(seconds) == text)
  }
}

@Suite("Run log samples")
struct RunLogSampleTests {
  let rows = [
    SampleRow(
      prompt: "What is the capital of France?", completion: "Paris.\nIt is\u{1B}[2J big.",
      rewards: [("correct", 1), ("style", 0.25)], total: 1.25, advantage: 0.5, length: 9,
      stopReason: "stop"),
    SampleRow(
      prompt: "2 + 2 =", completion: "5", rewards: [("correct", 0)], total: .nan, length: 1,
      stopReason: "length"),
  ]

  @Test("all rows are written, with every number")
  func file() throws {
    try withRunFolder { folder in
      let log = try RunLog(
        directory: folder, targets: [], stepCount: 0, console: RunLogScreen().console(quiet: true))
      try log.samples(rows, step: 123, printing: 0)
      #expect(
        try folder.text("completions/step_000123.jsonl") == #"""
          {"step": 123, "prompt": "What is the capital of France?", "completion": "Paris.\nIt is\u001b[2J big.", "rewards": {"correct": 1, "style": 0.25}, "reward": 1.25, "advantage": 0.5, "length": 9, "stop_reason": "stop"}
          {"step": 123, "prompt": "2 + 2 =", "completion": "5", "rewards": {"correct": 0}, "reward": "NaN", "advantage": null, "length": 1, "stop_reason": "length"}

          """#)
    }
  }

  // 89 columns: numbers take 39, seven gaps 14; of the other 36 the prompt gets 14, the completion 22.
  @Test("the table fits the console, keeps a prompt's end, and shows control characters as marks")
  func table() {
    let rule = String(repeating: "─", count: 89)
    #expect(
      SampleTable(rows, width: 90).lines.joined(separator: "\n") == """
        prompt          completion              correct  style  reward  advantage  length    stop
        \(rule)
        …al of France?  Paris.⏎It is·[2J big.         1   0.25    1.25        0.5       9    stop
        2 + 2 =         5                             0            NaN                  1  length
        """)
  }

  @Test("as many rows are printed as asked for")
  func printing() throws {
    let screen = RunLogScreen()
    let log = try RunLog(
      directory: nil, targets: [], stepCount: 0, console: screen.console(width: 90))
    try log.samples(rows, step: 7, printing: 1)
    #expect(screen.lines.count == 4)
    #expect(screen.lines.first == "samples at step 7")
    #expect(!screen.text.contains("2 + 2"))
    #expect(!screen.text.contains("\u{1B}"))
  }

  @Test("TensorBoard text keeps line breaks in indented blocks")
  func markdown() {
    #expect(
      SampleTable.markdown([rows[0]]) == """
        **prompt**

            What is the capital of France?

        **completion** (correct 1, style 0.25, reward 1.25, advantage 0.5, length 9, stop stop)

            Paris.
            It is\u{1B}[2J big.
        """)
  }
}
