// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import Tokenizers
import Torch

/// The frame of one training job: opens the run folder, tells what will happen, keeps the books, writes the results.
final class JobSession {
  let settings: JobSettings
  let checkpoint: URL?
  let run: TrainingRun
  let order: DataOrder
  let plan: StepPlan
  private let started = Date()
  private let method: String
  private let rowCount: Int
  /// Rows a model reads in a step: more than those of the data where each has several completions.
  private let rowsPerStep: Int
  /// Optimizer steps of the whole run, also where a dry one ends after the first.
  private let stepCount: Int

  /// Options whose change would make a resumed run another run.
  private static let freeOptions: Set<String> = [
    "resume_from_checkpoint", "output_dir", "logging_steps", "save_steps", "save_total_limit",
    "save_first", "eval_steps", "report_to", "max_steps", "num_train_epochs", "config",
    "print_config",
    "show_examples", "quiet", "save_dtype", "threads", "device", "log_completions",
    "num_completions_to_print", "offline", "push_to_hub", "hub_model_id", "hub_private_repo",
    "run_name", "logging_dir", "save_strategy", "eval_strategy",
    "per_device_eval_batch_size", "overwrite_output_dir", "dry_run",
  ]

  init(
    _ settings: JobSettings, method: String, rowCount: Int, batchSize: Int? = nil,
    completionsPerRow: Int = 1,
    lengths: @autoclosure () -> [Int]? = nil, groups: @autoclosure () -> [Int]? = nil,
    keyMetric: String?, padTokenID: Int
  ) throws {
    try settings.validate()
    self.settings = settings
    self.method = method
    self.rowCount = rowCount
    var optimization = settings.optimization
    let size = batchSize ?? optimization.batchSize
    rowsPerStep = size * completionsPerRow
    if batchSize != nil {
      optimization.accumulation = max(1, rowsPerStep / optimization.microbatchSize)
    }
    // Online methods name their batch; theirs are always full.
    var order = DataOrder(
      rowCount: rowCount, batchSize: size, seed: settings.seed, shuffles: settings.shuffles,
      fillsBatches: batchSize != nil)
    if settings.groupsByLength { order.lengths = lengths() }
    if settings.groupsByPrompt { order.groups = groups() }
    self.order = order
    let stepCount =
      optimization.maxSteps > 0
      ? optimization.maxSteps
      : max(1, Int((optimization.epochCount / order.epoch(after: 1)).rounded(.up)))
    self.stepCount = stepCount
    var plan = optimization.plan(stepCount: stepCount, padTokenID: padTokenID)
    plan.dropoutSeed = settings.disablesDropout ? nil : settings.seed
    self.plan = plan
    checkpoint = try settings.checkpoint()
    let startStep = try checkpoint.map { try TrainerState(checkpoint: $0).globalStep } ?? 0
    if settings.isDryRun {
      if let checkpoint { try Self.refuseOtherSettings(settings, checkpoint) }
    } else {
      try Self.prepare(settings, checkpoint)
      try Self.clearWay(settings, after: startStep)
    }
    let log = try RunLog(
      directory: settings.isDryRun ? nil : settings.outputFolder, targets: settings.targets,
      eventsDirectory: settings.eventsFolder, stepCount: stepCount,
      startingAt: startStep, keyMetric: keyMetric, console: settings.console)
    run = try TrainingRun(
      Self.runSettings(settings, stepCount: settings.isDryRun ? startStep + 1 : stepCount),
      log: log, resumingFrom: checkpoint, checkpointLimit: settings.saveLimit)
    run.isInterrupted = settings.isInterrupted
  }

  private static func runSettings(_ settings: JobSettings, stepCount: Int) -> RunSettings {
    var run = RunSettings(outputFolder: settings.outputFolder, stepCount: stepCount)
    run.loggingSteps = settings.loggingSteps
    guard !settings.isDryRun else {
      run.saveStrategy = .no
      run.evalStrategy = .no
      return run
    }
    run.saveStrategy = settings.saveStrategy
    run.saveSteps = settings.saveSteps
    run.savesFirst = settings.savesFirst
    run.evalStrategy = settings.evalStrategy
    run.evalSteps = settings.evalSteps
    let watchesBest = settings.loadsBestAtEnd || settings.saveStrategy == .best
    run.bestMetric = settings.bestMetric ?? (watchesBest ? "loss" : nil)
    run.greaterIsBetter = settings.greaterIsBetter
    return run
  }

  /// Takes what earlier runs left out of the way of a run that starts after `step`.
  private static func clearWay(_ settings: JobSettings, after step: Int) throws {
    if settings.overwritesOutput {
      try OutputFolder.removeEarlierRun(from: settings.outputFolder)
    }
    let store = CheckpointStore(outputFolder: settings.outputFolder)
    if let aside = try store.setAside(after: step) {
      settings.console.line("checkpoints of another course of this run, moved to \(aside.path)")
    }
  }

  private static func prepare(_ settings: JobSettings, _ checkpoint: URL?) throws {
    do {
      try FileManager.default.createDirectory(
        at: settings.outputFolder, withIntermediateDirectories: true)
      if let checkpoint { try refuseOtherSettings(settings, checkpoint) }
      let yaml = settings.configuration.map { "\($0.name): \(quoted($0.value))\n" }.joined()
      if !yaml.isEmpty {
        try Data(yaml.utf8).write(
          to: settings.outputFolder.appending(path: "config.yaml"), options: .atomic)
      }
      try info(settings, started: Date(), finished: nil).write(to: settings.outputFolder)
    } catch let error as TrainingError {
      throw error
    } catch {
      throw TrainingError.cannotSave(
        path: settings.outputFolder.path, reason: error.localizedDescription)
    }
  }

  /// A resumed run must be the run it continues.
  private static func refuseOtherSettings(_ settings: JobSettings, _ checkpoint: URL) throws {
    let file = checkpoint.appending(path: "training_config.yaml")
    guard let before = try? String(contentsOf: file, encoding: .utf8) else { return }
    let lines = Set(before.split(separator: "\n").map(String.init))
    for (name, value) in settings.configuration where !freeOptions.contains(name) {
      // An option that did not exist when the checkpoint was made has its default now.
      guard let old = lines.first(where: { $0.hasPrefix("\(name): ") }),
        old != "\(name): \(quoted(value))"
      else { continue }
      throw TrainingError.cannotResume(
        path: checkpoint.path,
        reason: "it was made with '\(old)', this run has '\(name): \(value)'; "
          + "give the same settings, or another output_dir without resume_from_checkpoint")
    }
  }

  private static func quoted(_ value: String) -> String {
    let plain = value.allSatisfy { $0.isLetter || $0.isNumber || "._-/+".contains($0) }
    if plain, !value.isEmpty { return value }
    let escaped = value.replacingOccurrences(of: "\\", with: "\\\\")
      .replacingOccurrences(of: "\"", with: "\\\"").replacingOccurrences(of: "\n", with: "\\n")
    return "\"\(escaped)\""
  }

  private static func info(_ settings: JobSettings, started: Date, finished: Date?) -> RunInfo {
    RunInfo(
      name: settings.runName ?? settings.outputFolder.lastPathComponent, version: settings.version,
      seed: Int(clamping: settings.seed),
      device: settings.device.description,
      libtorchVersion: Machine.libtorchVersion, host: ProcessInfo.processInfo.hostName,
      started: started, finished: finished,
      wallSeconds: finished.map { $0.timeIntervalSince(started) },
      commandLine: settings.commandLine,
      gitCommit: GitCommit.current(
        in: URL(filePath: FileManager.default.currentDirectoryPath)))
  }

  /// Tells what is about to happen.
  func announce(
    _ model: any LanguageModel, data: String, tokensPerRow: Double, trainedCount: Int? = nil,
    frozenCount: Int = 0
  ) {
    guard settings.announces else { return }
    let optimization = settings.optimization
    let trained = trainedCount ?? model.parameterCount
    let geometry =
      "\(optimization.microbatchSize) x \(rowsPerStep / max(1, optimization.microbatchSize)) = \(rowsPerStep) rows a step"
    let width = model.outputWeight.size(1)
    let adapted = model as? AdaptedModel
    let total = adapted?.totalParameterCount ?? model.parameterCount
    var block: [(String, String)] = [
      ("run", settings.runName ?? settings.outputFolder.lastPathComponent),
      ("method", method),
      (
        "model", "\(model.configuration.family), width \(width), \(total) parameters"
      ),
      ("trained", "\(trained) parameters"),
      ("data", data),
      ("batch", geometry),
      ("tokens", "about \(Int(tokensPerRow * Double(rowsPerStep))) a step"),
      ("steps", "\(stepCount) (\(order.stepsPerEpoch) an epoch)"),
      ("schedule", "\(optimization.schedule.rawValue), base rate \(optimization.learningRate)"),
      (
        "precision",
        "\(model.elementType) weights, \(optimization.autocast.map { "\($0) products" } ?? "same products")"
      ),
      ("device", "\(model.device), \(Machine.threadCount) threads"),
      ("memory", memoryEstimate(trained: trained, frozen: frozenCount, type: model.elementType)),
    ]
    if let adapted {
      let frozen = Double(adapted.base.parameters.byteCount) / 1_048_576
      block.append(("adapter", adapted.adapter.summary))
      block.append(("frozen", "\(NumberText.short(frozen)) MiB of weights"))
    }
    if run.step > 0 { block.append(("resuming", "after step \(run.step)")) }
    run.log.start(block)
  }

  /// What is known beforehand: weights, their gradients, and the optimizer's memory with its wider copies.
  private func memoryEstimate(trained: Int, frozen: Int, type: ElementType) -> String {
    let own = 2 * type.byteCount
    let copy = type.byteCount < 4 ? 4 : 0
    let optimizer = settings.optimization.algorithm == .adamw ? 8 + copy : 0
    let bytes = trained * (own + optimizer) + frozen * type.byteCount
    let size = NumberText.short((Double(bytes) / 1_048_576).rounded(.up))
    return "about \(size) MiB for weights, gradients and optimizer; activations come on top"
  }

  /// Writes some rendered examples, tokens without loss in brackets; a dry run always shows one.
  func show(_ rows: TokenRows, _ tokenizer: Tokenizer) {
    for row in rows.prefix(max(settings.shownExampleCount, settings.isDryRun ? 1 : 0)) {
      // Runs and not single tokens: a token may hold a part of a character.
      var runs: [(counts: Bool, ids: [Int])] = []
      for (id, counts) in zip(row.ids, row.isTarget) {
        if runs.last?.counts == counts {
          runs[runs.count - 1].ids.append(id)
        } else {
          runs.append((counts, [id]))
        }
      }
      let text = runs.map { run in
        let text = tokenizer.decode(run.ids, skipSpecialTokens: false)
        return run.counts ? text : "⟨\(text)⟩"
      }
      run.log.note("example (⟨without loss⟩): " + text.joined())
    }
  }

  /// Tells what the one step of a dry run was like.
  private func reportDryRun() {
    let entry = run.log.history.last { $0["step_time"] != nil } ?? [:]
    let report = DryRunReport(
      rowCount: rowsPerStep, tokenCount: run.ownTokenCount,
      stepSeconds: entry["step_time"] ?? 0, peakMiB: entry["memory/peak_mib"] ?? 0,
      stepCount: max(0, stepCount - run.startStep), outputPath: settings.outputFolder.path)
    for line in report.lines { run.log.note(line) }
  }

  /// Ends the run: final metrics, best checkpoint, info, model card. Of a dry run only its report is left.
  func finish(
    base: URL, datasets: [String], reference: String?, tags: [String],
    saveModel: (URL) throws -> Void
  ) throws {
    guard !settings.isDryRun else { return reportDryRun() }
    try run.end(sampleCount: (run.step - run.startStep) * rowsPerStep)
    let folder = settings.outputFolder
    do {
      try saveModel(folder)
      let finished = Date()
      try Self.info(settings, started: started, finished: finished).write(to: folder)
      try writeMetrics(folder)
      let card = ModelCard(
        name: settings.runName ?? folder.lastPathComponent,
        baseModel: settings.hubBase ?? base.lastPathComponent,
        datasets: datasets, hubBase: settings.hubBase, hubDatasets: settings.hubDatasets,
        method: method, methodReference: reference,
        hyperparameters: settings.configuration.map { ($0.name, $0.value) },
        metrics: lastMetrics,
        usage: "attune chat --model_name_or_path \(settings.hubName ?? folder.path)",
        evaluation:
          "attune evaluate --model_name_or_path \(settings.hubName ?? folder.path) --dataset_path DATA",
        tags: tags, version: settings.version)
      try card.write(to: folder)
    } catch let error as TrainingError {
      throw error
    } catch {
      throw TrainingError.cannotSave(path: folder.path, reason: "\(error)")
    }
    if settings.announces { run.log.note("saved to \(folder.path)") }
  }

  /// The last numbers of training, of evaluation, and of the run as a whole.
  private var lastMetrics: [(name: String, value: Double)] {
    let history = run.log.history
    let isEvaluation = { (entry: [String: Double]) in entry.keys.contains { $0.hasPrefix("eval_") }
    }
    let rows = [
      history.last { $0["learning_rate"] != nil }, history.last(where: isEvaluation), history.last,
    ]
    let merged = rows.reduce(into: [String: Double]()) { all, row in
      all.merge(row ?? [:]) { $1 }
    }
    return merged.filter { $0.value.isFinite }.sorted { $0.key < $1.key }
      .map { ($0.key, $0.value) }
  }

  private func writeMetrics(_ folder: URL) throws {
    let values = Dictionary(lastMetrics.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(values).write(to: folder.appending(path: "metrics.json"))
  }

  /// The folder whose model is the result: the best checkpoint where that was asked for.
  var bestFolder: URL? {
    guard settings.loadsBestAtEnd, !settings.isDryRun else { return nil }
    guard let step = run.state.bestStep, run.store.steps.contains(step) else {
      run.log.warnOnce(
        "no_best",
        "load_best_model_at_end: "
          + (run.state.bestStep.map { "checkpoint-\($0) is not in the output folder any more" }
            ?? "nothing was evaluated") + "; the last weights are kept")
      return nil
    }
    return run.store.folder(step: step)
  }
}
