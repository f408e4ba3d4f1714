// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Everything a training run says: to the console, to `metrics.jsonl`, and to TensorBoard and CSV files.
///
///     let log = try RunLog(
///       directory: folder, targets: [.tensorboard], stepCount: 1000, keyMetric: "reward",
///       console: Console())
///     log.start([("model", "6 layers, 13 M parameters"), ("steps", "1000")])
///     for step in 1...1000 {
///       try log.record([("loss", loss), ("reward", reward)], step: step, epoch: nil)
///     }
///     try log.finish([("train_loss", meanLoss)])
///
/// | call | line of `metrics.jsonl` | TensorBoard tag |
/// |---|---|---|
/// | ``record(_:step:epoch:)`` | `{"step": 1, "epoch": 0.01, "loss": 0.69}` | `train/loss` |
/// | ``evaluation(_:step:epoch:)`` | `{"step": 1, "epoch": 0.01, "eval_loss": 0.7}` | `eval/loss` |
/// | ``finish(_:)`` | `{"step": 1000, "train_runtime": 3.5}` | `train/train_runtime` |
///
/// Each line reaches the operating system before the call returns. A resumed run first drops what came
/// after its checkpoint, so its file ends up as that of an unbroken run; for this, log what belongs to
/// a step (its evaluation too) before saving the checkpoint of that step.
///
/// Recorded numbers also pass through ``alarms``. Not `Sendable`: a log belongs to one thread.
public final class RunLog {
  /// What was logged so far in order, also before a resume: `log_history` of `trainer_state.json`.
  /// Each entry holds `step`, `epoch` where there is one, and the numbers under their file names.
  public private(set) var history: [[String: Double]] = []
  /// The warnings given so far by this process, in order.
  public private(set) var warnings: [String] = []
  /// The alarms watching ``record(_:step:epoch:)``; set their bounds before the first step.
  public var alarms = Alarms()

  private let directory: URL?
  private let metricsFile: AppendFile?
  private let table: CSVTable?
  private let events: EventFileWriter?
  private var status: StatusLine
  private var lastStep: Int
  private var lastEpoch: Double?
  private var warned: Set<String> = []

  /// Begins or resumes the log of a run.
  ///
  /// A new run in a folder that holds metrics moves them aside to `metrics.1.jsonl` and so on.
  ///
  /// - Parameters:
  ///   - directory: The run's folder, made where it is missing; nil keeps everything off the disk.
  ///   - targets: Files to write besides `metrics.jsonl`.
  ///   - eventsDirectory: Where TensorBoard files go; nil is `tensorboard` in the run's folder.
  ///   - stepCount: Optimizer steps of the whole run, for percent and remaining time; 0 if unknown.
  ///   - step: Steps done before: 0 for a new run, the checkpoint's step for a resumed one, whose files
  ///     are then cut as by ``truncate(directory:afterStep:)``.
  ///   - keyMetric: The metric shown beside the loss while the run goes on (`rewards/margins`).
  ///   - console: Where progress and warnings go.
  /// - Throws: ``RunLogError``; ``EventFileError`` for TensorBoard files.
  public init(
    directory: URL?, targets: Set<ReportTarget>, eventsDirectory: URL? = nil, stepCount: Int,
    startingAt step: Int = 0, keyMetric: String? = nil, console: Console
  ) throws {
    self.directory = directory
    status = StatusLine(
      console: console, stepCount: stepCount, firstStep: step, keyMetric: keyMetric)
    lastStep = step
    guard let directory else {
      (metricsFile, table, events) = (nil, nil, nil)
      return
    }

    try AppendFile.makeFolder(directory)
    let file = directory.appendingPathComponent(MetricsFile.name, isDirectory: false)
    var rows: [MetricsRow] = []
    if step > 0 {
      rows = try Self.cut(directory, afterStep: step)
    } else if let newName = try MetricsFile.setAside(file) {
      console.line("\(file.path): metrics of an earlier run, kept as \(newName)")
    }
    metricsFile = try AppendFile(file)
    let tableFile = directory.appendingPathComponent(CSVTable.name, isDirectory: false)
    table = targets.contains(.csv) ? try CSVTable(tableFile, rows: rows) : nil
    events =
      targets.contains(.tensorboard)
      ? try EventFileWriter(
        directory: eventsDirectory
          ?? directory.appendingPathComponent("tensorboard", isDirectory: true),
        startingAt: step > 0 ? step + 1 : 0) : nil
    history = rows.map(\.entry)
    lastEpoch = rows.last?.epoch
  }

  deinit { status.end() }

  /// Logs the training numbers of an optimizer step, updates the progress, and checks the alarms.
  ///
  /// - Parameters:
  ///   - metrics: Numbers by their names in the metric tables (`loss`, `rewards/margins`); NaN and
  ///     infinities are logged too.
  ///   - step: The optimizer step just done, from 1; never below an earlier call's.
  ///   - epoch: Passes over the data so far, such as 0.25; nil where a method has none.
  /// - Throws: ``RunLogError/cannotWrite(path:reason:)``, ``EventFileError/cannotWrite(path:reason:)``.
  public func record(
    _ metrics: [(name: String, value: Double)], step: Int, epoch: Double?
  ) throws {
    lastStep = step
    lastEpoch = epoch
    status.update(step: step, metrics: metrics)
    try write(MetricsRow(step: step, epoch: epoch, metrics: metrics))
    try writeEvents(prefix: "train/", metrics, step: step)
    if let epoch {
      try events?.scalar("train/epoch", epoch, step: step)
    }
    for alarm in alarms.observe(metrics, step: step) {
      warnOnce(alarm.id, alarm.text)
    }
  }

  /// Logs and prints the numbers of an evaluation.
  ///
  /// - Parameters:
  ///   - metrics: Numbers without the prefix `eval_`, which is put before each name in the files.
  ///   - step: The optimizer steps done, 0 for an evaluation before the first.
  ///   - epoch: Passes over the data so far; nil where a method has none.
  /// - Throws: ``RunLogError/cannotWrite(path:reason:)``, ``EventFileError/cannotWrite(path:reason:)``.
  public func evaluation(
    _ metrics: [(name: String, value: Double)], step: Int, epoch: Double?
  ) throws {
    status.print("evaluation at step \(step)  \(Self.listed(metrics))")
    let named = metrics.map { (name: "eval_" + $0.name, value: $0.value) }
    try write(MetricsRow(step: step, epoch: epoch, metrics: named))
    try writeEvents(prefix: "eval/", metrics, step: step)
  }

  /// Writes sampled completions to `completions/step_<6 digits>.jsonl` and shows some.
  ///
  /// - Parameters:
  ///   - rows: All completions of the step; they replace what the step's file held.
  ///   - step: The optimizer step they belong to.
  ///   - printing: How many rows, from the first, go to the console as a table and to TensorBoard as text.
  /// - Throws: ``RunLogError``, ``EventFileError/cannotWrite(path:reason:)``.
  public func samples(_ rows: [SampleRow], step: Int, printing: Int) throws {
    let shown = rows.prefix(max(0, printing))
    if !shown.isEmpty {
      let table = SampleTable(shown, width: status.console.width)
      for line in ["samples at step \(step)"] + table.lines {
        status.print(line)
      }
      try events?.text("completions", SampleTable.markdown(shown), step: step)
    }
    if let directory {
      try CompletionFiles.write(rows, directory: directory, step: step)
    }
  }

  /// Adds a histogram to the TensorBoard files, where there are any.
  ///
  /// A histogram cannot hold NaN or infinities; values with any give a warning and no histogram, since
  /// a picture must not end a run.
  ///
  /// - Parameters:
  ///   - name: The metric's name; the tag is `train/<name>`.
  ///   - values: The numbers, in any order.
  ///   - step: The optimizer step they belong to.
  /// - Throws: ``EventFileError/cannotWrite(path:reason:)``.
  public func histogram(_ name: String, _ values: [Double], step: Int) throws {
    do {
      try events?.histogram("train/" + name, values, step: step)
    } catch let error as EventFileError {
      guard case .notFinite = error else { throw error }
      warnOnce("histogram_not_finite/\(name)", error.description)
    }
  }

  /// Prints the block that opens a run, values under each other.
  ///
  /// - Parameter block: Labels with values: model, data, batch geometry, tokens per step, steps, schedule,
  ///   precision, threads and device, memory. Further lines of a value are indented like its first.
  public func start(_ block: [(String, String)]) {
    let width = block.map(\.0.count).max() ?? 0
    for (label, value) in block {
      let indent = "\n" + String(repeating: " ", count: width + 2)
      let padding = String(repeating: " ", count: width - label.count)
      status.print("\(label):\(padding) " + value.replacing("\n", with: indent))
    }
  }

  /// Prints a line above the progress; a quiet console leaves it out.
  public func note(_ text: String) { status.print(text) }

  /// Prints a warning, also on a quiet console, and keeps it in ``warnings``.
  ///
  /// - Parameters:
  ///   - id: What the warning is about; a second one with this id is dropped.
  ///   - text: What happens and what to do about it.
  public func warnOnce(_ id: String, _ text: String) {
    guard warned.insert(id).inserted else { return }
    warnings.append(text)
    status.warn(text)
  }

  /// Ends the log with a last line, prints its numbers and repeats the warnings, and flushes.
  ///
  /// - Parameter metrics: Numbers of the whole run under their full names (`train_loss`,
  ///   `train_samples_per_second`); `train_runtime`, the seconds since this log was made, is put in
  ///   front where it is missing.
  /// - Throws: ``RunLogError/cannotWrite(path:reason:)``, ``EventFileError/cannotWrite(path:reason:)``.
  public func finish(_ metrics: [(name: String, value: Double)]) throws {
    let hasRuntime = metrics.contains { $0.name == MetricsRow.runtimeName }
    let runtime = (name: MetricsRow.runtimeName, value: status.elapsedSeconds)
    let all = hasRuntime ? metrics : [runtime] + metrics
    status.end()
    status.print("done after step \(lastStep)  \(Self.listed(all))")
    if !warnings.isEmpty {
      status.print("warnings of this run:")
      for warning in warnings {
        status.print("  \(warning)")
      }
    }
    try write(MetricsRow(step: lastStep, epoch: lastEpoch, metrics: all))
    try writeEvents(prefix: "train/", all, step: lastStep)
    try flush()
  }

  /// Makes all numbers safe on disk; called before a checkpoint counts as saved.
  ///
  /// - Throws: ``RunLogError/cannotWrite(path:reason:)``, ``EventFileError/cannotWrite(path:reason:)``.
  public func flush() throws {
    try metricsFile?.synchronize()
    try events?.flush()
  }

  /// Drops what a run logged after a checkpoint: lines of `metrics.jsonl` (with a line torn by a crash, and
  /// the closing line of a run that now goes on), rows of `metrics.csv`, and files of completions.
  ///
  /// TensorBoard hides the dropped steps itself once the resumed run's event file says where it starts.
  ///
  /// - Parameters:
  ///   - directory: The run's folder; files that are missing are left so.
  ///   - step: The checkpoint's step, whose own lines stay.
  /// - Throws: ``RunLogError``; a line that cannot be read is an error unless it is the last.
  public static func truncate(directory: URL, afterStep step: Int) throws {
    _ = try cut(directory, afterStep: step)
  }

  private static func cut(_ directory: URL, afterStep step: Int) throws -> [MetricsRow] {
    let file = directory.appendingPathComponent(MetricsFile.name, isDirectory: false)
    let rows = try MetricsFile.cut(file, afterStep: step)
    let table = directory.appendingPathComponent(CSVTable.name, isDirectory: false)
    if FileManager.default.fileExists(atPath: table.path) {
      _ = try CSVTable(table, rows: rows)
    }
    try CompletionFiles.remove(directory: directory, afterStep: step)
    return rows
  }

  private func write(_ row: MetricsRow) throws {
    try metricsFile?.append(row.line + "\n")
    try table?.append(row, after: history)
    history.append(row.entry)
  }

  private func writeEvents(
    prefix: String, _ metrics: [(name: String, value: Double)], step: Int
  ) throws {
    guard let events else { return }
    for metric in metrics {
      try events.scalar(prefix + metric.name, metric.value, step: step)
    }
  }

  private static func listed(_ metrics: [(name: String, value: Double)]) -> String {
    metrics.map { "\($0.name) \(NumberText.short($0.value))" }.joined(separator: "  ")
  }
}
