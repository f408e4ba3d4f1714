// SPDX-License-Identifier: Apache-2.0
public import Foundation
import Torch

/// What every run needs to know besides its method.
public struct RunSettings: Sendable, Equatable {
  /// Where checkpoints and the log go.
  public var outputFolder: URL
  /// Optimizer steps of the whole run.
  public var stepCount: Int
  /// Steps between log lines.
  public var loggingSteps = 10
  /// When checkpoints are written.
  public var saveStrategy = SaveStrategy.steps
  /// Steps between checkpoints, for ``SaveStrategy/steps``; nil writes none.
  public var saveSteps: Int?
  /// Whether a checkpoint is written before the first step, to find out early that saving works.
  public var savesFirst = false
  /// When held-out rows are evaluated.
  public var evalStrategy = EvalStrategy.steps
  /// Steps between evaluations, for ``EvalStrategy/steps``; nil evaluates only at the end.
  public var evalSteps: Int?
  /// Evaluation metric whose best checkpoint is kept; nil watches none.
  public var bestMetric: String?
  /// Whether more of that metric is better.
  public var greaterIsBetter = false

  /// Settings with the usual intervals.
  public init(outputFolder: URL, stepCount: Int) {
    self.outputFolder = outputFolder
    self.stepCount = stepCount
  }
}

/// Thrown when the user asked to stop; the state was saved before.
public struct TrainingInterrupted: Error, Equatable {
  /// Optimizer steps done.
  public let step: Int
  /// The checkpoint that continues.
  public let checkpoint: URL
}

/// The bookkeeping of one run: where it stands, when to log, evaluate and save.
///
/// Trainers own their loop and call ``finishStep(_:epoch:tokenCount:evaluate:save:)`` once an optimizer step.
public final class TrainingRun {
  /// The settings.
  public let settings: RunSettings
  /// The log.
  public let log: RunLog
  /// Where the run stands.
  public private(set) var state: TrainerState
  /// The run's checkpoints.
  public let store: CheckpointStore

  /// Whether the run shall save and end after the step in progress.
  package var isInterrupted: () -> Bool = { Interruption.isRequested }

  // Speed is measured over what this process did, means over the whole interval.
  private var intervalStart: Date
  private var intervalTokens = 0
  private var intervalSteps = 0
  private let started: Date
  private let startTokens: Int
  /// Tokens this process has trained on.
  var ownTokenCount: Int { state.tokenCount - startTokens }
  /// Steps done before this process took over.
  let startStep: Int

  /// Begins a run, or continues one from a checkpoint.
  ///
  /// - Parameters:
  ///   - settings: length and intervals.
  ///   - log: begun at the checkpoint's step where there is one.
  ///   - checkpoint: the folder to continue from.
  ///   - checkpointLimit: most checkpoints kept.
  /// - Throws: ``TrainingError/cannotResume(path:reason:)``.
  public init(
    _ settings: RunSettings, log: RunLog, resumingFrom checkpoint: URL? = nil,
    checkpointLimit: Int? = nil
  ) throws {
    self.settings = settings
    self.log = log
    store = CheckpointStore(outputFolder: settings.outputFolder, limit: checkpointLimit)
    state =
      try checkpoint.map(TrainerState.init(checkpoint:))
      ?? TrainerState(maxSteps: settings.stepCount)
    started = Date()
    intervalStart = started
    startTokens = state.tokenCount
    startStep = state.globalStep
  }

  /// Optimizer steps done.
  public var step: Int { state.globalStep }
  /// Optimizer steps still to do.
  public var remainingStepCount: Int { max(0, settings.stepCount - state.globalStep) }
  /// Whether the step in progress will be logged, so that costly metrics are computed only then.
  public var logsThisStep: Bool { logs(after: step + 1) }

  private func logs(after step: Int) -> Bool {
    isDue(settings.loggingSteps, step) || step == 1 || step >= settings.stepCount
  }

  private func isDue(_ interval: Int?, _ step: Int) -> Bool {
    guard let interval, interval > 0 else { return false }
    return step.isMultiple(of: interval)
  }

  /// Writes a checkpoint before the first step where the settings ask for it.
  public func begin(save: (URL) throws -> Void) throws {
    if settings.savesFirst, step == 0 { try writeCheckpoint(save) }
    intervalStart = Date()
  }

  /// Ends an optimizer step: counts, logs, evaluates, saves.
  ///
  /// - Parameters:
  ///   - metrics: of this step.
  ///   - epoch: passes over the data done after this step.
  ///   - tokenCount: real tokens this step read.
  ///   - evaluate: gives evaluation metrics; called when due.
  ///   - save: fills a checkpoint folder with everything but the run's own state.
  /// - Throws: ``TrainingInterrupted`` after saving, where the user asked to stop; ``TrainingError`` where a
  ///   checkpoint cannot be written; errors of the closures.
  package func finishStep(
    _ metrics: MetricMeans, epoch: Double, tokenCount: Int,
    evaluate: (() throws -> [(name: String, value: Double)])? = nil, save: (URL) throws -> Void
  ) throws {
    // Epochs are quotients, exact where they are whole.
    let endsEpoch = epoch.rounded(.down) > state.epoch.rounded(.down)
    state.globalStep += 1
    state.epoch = epoch
    state.tokenCount += tokenCount
    state.lossSum += metrics["loss"] ?? 0
    state.interval.add(metrics)
    intervalTokens += tokenCount
    intervalSteps += 1
    let isLast = state.globalStep >= settings.stepCount
    if logs(after: step) { try logInterval() }
    let pause = Date()
    defer { intervalStart += Date().timeIntervalSince(pause) }
    var isBest = false
    if let evaluate, evaluates(endsEpoch: endsEpoch, isLast: isLast) {
      isBest = try record(evaluate())
    }
    let stops = isInterrupted() && !isLast
    if saves(endsEpoch: endsEpoch, isLast: isLast) || isBest || stops {
      try writeCheckpoint(save)
    }
    if stops { throw TrainingInterrupted(step: step, checkpoint: store.folder(step: step)) }
  }

  private func evaluates(endsEpoch: Bool, isLast: Bool) -> Bool {
    switch settings.evalStrategy {
    case .no: false
    case .steps: isDue(settings.evalSteps, step) || isLast
    case .epoch: endsEpoch || isLast
    }
  }

  private func saves(endsEpoch: Bool, isLast: Bool) -> Bool {
    switch settings.saveStrategy {
    case .no, .best: false
    case .steps: isDue(settings.saveSteps, step) || (isLast && settings.saveSteps != nil)
    case .epoch: endsEpoch || isLast
    }
  }

  private func logInterval() throws {
    let now = Date()
    let seconds = max(1e-9, now.timeIntervalSince(intervalStart))
    var values = state.interval.values
    values.append(("num_tokens", Double(state.tokenCount)))
    values.append(("step_time", seconds / Double(max(1, intervalSteps))))
    values.append(("tokens_per_second", Double(intervalTokens) / seconds))
    values.append(("memory/peak_mib", Machine.peakMemoryMiB.rounded()))
    try log.record(values, step: step, epoch: state.epoch)
    var entry = Dictionary(values.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    entry["step"] = Double(step)
    entry["epoch"] = state.epoch
    state.logHistory.append(entry)
    state.interval = MetricMeans()
    intervalTokens = 0
    intervalSteps = 0
    intervalStart = Date()
  }

  /// Logs an evaluation; true where it is the best so far of the watched metric.
  private func record(_ metrics: [(name: String, value: Double)]) throws -> Bool {
    try log.evaluation(metrics, step: step, epoch: state.epoch)
    guard let name = settings.bestMetric else { return false }
    guard
      let value = metrics.first(where: { $0.name == name || "eval_\($0.name)" == name })?.value
    else {
      log.warnOnce(
        "best_metric",
        "metric_for_best_model '\(name)' is no number of the evaluation, so no checkpoint is the best; known: "
          + metrics.map { "eval_\($0.name)" }.joined(separator: ", "))
      return false
    }
    guard value.isFinite else { return false }
    let isBetter =
      state.bestMetric.map { settings.greaterIsBetter ? value > $0 : value < $0 } ?? true
    guard isBetter else { return false }
    state.bestMetric = value
    state.bestStep = step
    return true
  }

  private func writeCheckpoint(_ save: (URL) throws -> Void) throws {
    try log.flush()
    try store.save(step: step, keeping: state.bestStep) { folder in
      try save(folder)
      for name in ["config.yaml", "run.json"] {
        let file = settings.outputFolder.appending(path: name)
        guard FileManager.default.fileExists(atPath: file.path) else { continue }
        try FileManager.default.copyItem(at: file, to: folder.appending(path: "training_\(name)"))
      }
      // The state comes last: a folder that has it is complete.
      try finiteState.write(to: folder)
    }
  }

  /// JSON has no infinities; a history entry that is not finite is left out.
  private var finiteState: TrainerState {
    var copy = state
    copy.logHistory = copy.logHistory.map { $0.filter { $0.value.isFinite } }
    return copy
  }

  /// Writes the last line of the log.
  ///
  /// - Parameter sampleCount: rows this process trained on.
  /// - Throws: ``RunLogError/cannotWrite(path:reason:)`` and its like for TensorBoard files.
  public func end(sampleCount: Int) throws {
    let seconds = max(1e-9, Date().timeIntervalSince(started))
    let stepCount = Double(step - startStep)
    var values: [(name: String, value: Double)] = [
      ("train_runtime", seconds),
      ("train_samples_per_second", Double(sampleCount) / seconds),
      ("train_steps_per_second", stepCount / seconds),
      ("train_tokens_per_second", Double(ownTokenCount) / seconds),
    ]
    if step > 0 { values.append(("train_loss", state.lossSum / Double(step))) }
    try log.finish(values)
  }
}
