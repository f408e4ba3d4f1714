// SPDX-License-Identifier: Apache-2.0

import Foundation
import Objectives
import Torch
import Training

/// Sizes and settings of the quickstart; chosen for six minutes on two cores.
struct QuickstartPlan {
  var seed: UInt64 = 42
  var outputFolder: URL
  var worldSeed: UInt64 = 7

  var demonstrationCount = 2000
  var comparisonPromptCount = 1800
  /// Samples of a prompt; every two of them are compared.
  var samplesPerPrompt = 4
  /// Pairs a step: those of four prompts.
  var pairBatch = 24
  var heldOutShare = 0.1
  var promptCount = 2000
  var testCount = 250
  var bestOf = 8
  var maxNewTokens = 56

  var sftRate = 1e-3
  var sftEpochs = 1.0
  var rewardRate = 5e-4
  var rewardEpochs = 1.0
  var dpoRate = 2e-4
  var dpoEpochs = 1.0
  var dpoBeta = 0.1
  /// Share of comparisons taken to be mistakes: people err, and so does the simulated annotator.
  var dpoLabelSmoothing = 0.1
  var ppoRate = 2e-4
  var ppoValueRate = 1e-3
  var ppoUpdates = 25
  var klCoefficient = 0.05

  /// All pairs of a prompt's samples, by number.
  var comparedSamples: [(Int, Int)] {
    (0..<samplesPerPrompt).flatMap { first in
      (first + 1..<samplesPerPrompt).map { (first, $0) }
    }
  }

  /// Item number of the village's tasks at which this seed's data begins, so that seeds differ in data too.
  var itemOffset: Int { Int(seed % 40) * 20_000 }

  func folder(_ name: String) -> URL { outputFolder.appending(path: name) }

  /// Settings of one training stage.
  func stage(_ name: String, rate: Double, epochs: Double, batch: Int) -> JobSettings {
    var settings = JobSettings(outputFolder: folder(name))
    settings.seed = seed
    settings.maxLength = 512
    settings.optimization.microbatchSize = batch
    settings.optimization.learningRate = rate
    settings.optimization.epochCount = epochs
    settings.optimization.schedule = .cosine
    settings.optimization.warmupRatio = 0.05
    settings.optimization.autocast = .bfloat16
    settings.loggingSteps = 5
    settings.announces = false
    settings.groupsByLength = true
    settings.groupsByPrompt = true
    settings.version = Attune.version
    settings.commandLine = CommandLine.arguments
    settings.targets = [.tensorboard]
    settings.configuration = [
      ("seed", "\(seed)"), ("learning_rate", "\(rate)"), ("num_train_epochs", "\(epochs)"),
      ("per_device_train_batch_size", "\(batch)"), ("lr_scheduler_type", "cosine"),
      ("warmup_ratio", "0.05"), ("bf16", "true"), ("max_length", "512"),
    ]
    return settings
  }
}
