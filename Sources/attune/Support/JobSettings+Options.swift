// SPDX-License-Identifier: Apache-2.0

import Foundation
import Torch
import Training

extension JobSettings {
  /// What all training commands share, from their options.
  ///
  /// - Throws: ``UsageError`` for values that name nothing.
  init(
    run: RunOptions, precision: PrecisionOptions, optimization: OptimizationOptions,
    learningRate: Double, maxLength: Int, shuffles: Bool, shownExampleCount: Int = 0,
    chatTemplate: String? = nil
  ) throws {
    self.init(outputFolder: URL(filePath: run.outputFolder))
    overwritesOutput = run.overwritesOutput
    runName = run.runName
    isDryRun = run.isDryRun
    seed = run.seed
    elementType = precision.elementType
    savedType = run.savedType.elementType
    device = try precision.apply()
    self.optimization = OptimizationSettings(optimization, learningRate, precision)
    self.maxLength = maxLength
    self.shuffles = shuffles
    loggingSteps = run.loggingSteps
    saveStrategy = run.saveStrategy
    saveSteps = run.saveSteps > 0 ? run.saveSteps : nil
    saveLimit = run.saveLimit > 0 ? run.saveLimit : nil
    savesFirst = run.savesFirst
    evalStrategy = run.evalStrategy
    evalSteps = run.evalSteps > 0 ? run.evalSteps : nil
    loadsBestAtEnd = run.loadsBest
    bestMetric = run.loadsBest || run.saveStrategy == .best ? run.bestMetric : nil
    greaterIsBetter = run.greaterIsBetter
    switch run.resume {
    case "false", "": resume = .no
    case "true": resume = .latest
    default: resume = .folder(URL(filePath: run.resume))
    }
    targets = try Self.targets(run.targets)
    eventsFolder = run.eventsPath.map { URL(filePath: $0) }
    if run.eventsPath != nil, !run.targets.contains("none") { targets.insert(.tensorboard) }
    self.shownExampleCount = shownExampleCount
    self.chatTemplate = chatTemplate
    configuration = resolvedConfiguration().map {
      ($0.name, $0.values.map { $0.joined(separator: ",") } ?? "")
    }
    hubName = run.push.isWanted ? run.push.name : nil
    version = Attune.version
    commandLine = CommandLine.arguments
    let output = Output.current
    console = Console(isQuiet: run.quiet, sink: output.showProgress)
    tokenCache = .standard
    try validate()
  }

  private static func targets(_ names: [String]) throws -> Set<ReportTarget> {
    var targets: Set<ReportTarget> = []
    for name in names.flatMap({ $0.split(separator: ",").map(String.init) }) where name != "none" {
      guard let target = ReportTarget(rawValue: name) else {
        let known = ReportTarget.allCases.map(\.rawValue).joined(separator: ", ")
        throw UsageError("--report_to: '\(name)' is unknown; there are none, \(known)")
      }
      targets.insert(target)
    }
    return targets
  }
}

extension OptimizationSettings {
  fileprivate init(
    _ options: OptimizationOptions, _ learningRate: Double, _ precision: PrecisionOptions
  ) {
    self.init()
    algorithm = options.optim
    microbatchSize = options.microbatchSize
    evaluationBatchSize = options.evaluationBatchSize == 0 ? nil : options.evaluationBatchSize
    tokenBudget = options.tokenBudget == 0 ? nil : options.tokenBudget
    accumulation = options.accumulation
    epochCount = options.epochCount
    maxSteps = options.maxSteps
    self.learningRate = learningRate
    schedule = options.schedule
    warmupSteps = options.warmupSteps
    warmupRatio = options.warmupRatio
    minimumRateShare = options.minimumRateShare
    weightDecay = options.weightDecay
    beta1 = options.beta1
    beta2 = options.beta2
    epsilon = options.epsilon
    usesEpsilonHat = options.usesEpsilonHat
    maxGradNorm = options.maxGradNorm
    autocast = precision.autocast
    checkpointsActivations = options.checkpointsActivations
  }
}

/// Runs a training job so that an interrupt saves, tells how to go on, and is no failure; pushes the
/// finished model where that is wanted.
func runInterruptibly(_ run: RunOptions, _ hub: HubOptions, _ body: () throws -> Void) throws {
  let folder = URL(filePath: run.outputFolder)
  // A dry run leaves nothing to push.
  let repository = run.isDryRun ? nil : try run.push.repository(for: folder, hub)
  Interruption.listen()
  do {
    try body()
    if let repository { try run.push.push(folder, to: repository, hub) }
  } catch let interruption as TrainingInterrupted {
    var words = CommandLine.arguments.map { $0.contains(" ") ? "'\($0)'" : $0 }
    if !words.contains(where: { $0.hasSuffix("resume_from_checkpoint") }) {
      words += ["--resume_from_checkpoint", "true"]
    }
    Output.current.note(
      "stopped after step \(interruption.step); saved in \(interruption.checkpoint.path)\n"
        + "to go on: \(words.joined(separator: " "))")
  }
}

extension JobSettings {
  /// Tells of options that have no effect on methods that sample.
  func noteUnused(_ data: DataOptions, _ optimization: OptimizationOptions, by method: String) {
    if data.groupsByLength {
      console.line("group_by_length: not used by \(method), whose completions are not known")
    }
    if optimization.disablesDropout == false {
      console.line(
        "disable_dropout false: not used by \(method), whose ratios begin at 1 without")
    }
  }
}
