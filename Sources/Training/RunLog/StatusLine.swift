// SPDX-License-Identifier: Apache-2.0

/// The progress of a run on a console, and every other line around it.
///
/// Only this type writes escape sequences: return to the start of the line, clear to its end.
struct StatusLine {
  let console: Console
  /// Optimizer steps of the whole run; 0 where the run has no known end.
  let stepCount: Int
  /// Steps done before this process, which took none of its time.
  let firstStep: Int
  /// The metric shown beside the loss.
  let keyMetric: String?

  private let startTime: Double
  /// What stands on the terminal's unfinished line.
  private var drawn: String?
  private var lastTime: Double?
  /// The newest progress that was held back because the one before it is too recent.
  private var heldBack: String?

  /// Redrawing a terminal line more often is only flicker, in seconds.
  private static let redrawSeconds = 0.1
  private static let clearLine = "\r\u{1B}[K"

  init(console: Console, stepCount: Int, firstStep: Int, keyMetric: String?) {
    self.console = console
    self.stepCount = stepCount
    self.firstStep = firstStep
    self.keyMetric = keyMetric
    startTime = console.clock()
  }

  /// Seconds since the run began in this process.
  var elapsedSeconds: Double { console.clock() - startTime }

  /// Shows the progress after `step`, unless the last one is too recent.
  mutating func update(step: Int, metrics: [(name: String, value: Double)]) {
    guard !console.isQuiet else { return }
    let text = progress(step: step, metrics: metrics)
    let now = console.clock()
    let pause = console.isTerminal ? Self.redrawSeconds : console.secondsBetweenLines
    if let lastTime, now - lastTime < pause, step != stepCount {
      heldBack = text
      return
    }
    show(text, now: now)
  }

  /// Writes a line above the progress.
  mutating func print(_ text: String) {
    if !console.isQuiet { write(text) }
  }

  /// Writes a line above the progress, also on a quiet console.
  mutating func warn(_ text: String) { write("warning: \(text)") }

  /// Shows the last progress where it was held back and leaves it standing.
  mutating func end() {
    if let heldBack { show(heldBack, now: console.clock()) }
    if drawn != nil { console.sink("\n") }
    drawn = nil
  }

  private mutating func show(_ text: String, now: Double) {
    heldBack = nil
    lastTime = now
    guard console.isTerminal else { return console.sink(text + "\n") }
    // One column stays free: some terminals wrap after a full line, and then it cannot be rewritten.
    let cut = String(text.prefix(console.width - 1))
    drawn = cut
    console.sink(Self.clearLine + cut)
  }

  private func write(_ text: String) {
    guard let drawn else { return console.sink(text + "\n") }
    console.sink(Self.clearLine + text + "\n" + drawn)
  }

  /// `step 120/1000  12%  loss 0.6931  reward 0.41  1240 tokens/s  2:31 elapsed  ETA 18:20`.
  private func progress(step: Int, metrics: [(name: String, value: Double)]) -> String {
    var parts = [stepCount > 0 ? "step \(step)/\(stepCount)" : "step \(step)"]
    if stepCount > 0 {
      parts.append("\(min(100, step * 100 / stepCount))%")
    }
    for name in ["loss", keyMetric].compactMap({ $0 }) {
      guard let value = metrics.last(where: { $0.name == name })?.value else { continue }
      parts.append("\(name) \(NumberText.short(value))")
    }
    if let speed = metrics.last(where: { $0.name == "tokens_per_second" })?.value {
      parts.append("\(NumberText.short(speed.rounded())) tokens/s")
    }
    let elapsed = elapsedSeconds
    parts.append("\(NumberText.duration(elapsed)) elapsed")
    if stepCount > step, step > firstStep {
      let secondsPerStep = elapsed / Double(step - firstStep)
      let rest = secondsPerStep * Double(stepCount - step)
      parts.append("ETA \(NumberText.duration(rest))")
    }
    return parts.joined(separator: "  ")
  }
}
