// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Objectives
import Training

/// The course of an update of methods without a critic: how many completions, and how often they are used.
struct GroupOptions: ParsableArguments {
  @Option(
    name: .customLong("steps_per_generation"),
    help: ArgumentHelp(
      "Forward passes that the completions of an update fill: per_device_train_batch_size times this many are sampled. 0 takes gradient_accumulation_steps, so that an update is one optimizer step.",
      valueName: "count"))
  var passesPerGeneration: Int = 0

  @Option(
    name: .customLong("num_iterations"),
    help: ArgumentHelp("Times the completions of an update are used.", valueName: "count"))
  var iterationCount: Int = 1

  @OptionGroup var rollout: RolloutOptions

  @Option(help: "How far below 1 the ratio of policy and sampler earns.")
  var epsilon: Double = 0.2

  @Option(
    name: .customLong("epsilon_high"),
    help: ArgumentHelp(
      "How far above 1, where it differs; DAPO takes 0.28. With cispo the largest weight, by default 5.",
      valueName: "range"))
  var epsilonHigh: Double?

  @Option(
    help: ArgumentHelp(
      "Most that the ratio counts where the clip does not bind, above 1 + epsilon_high (two-sided clip).",
      valueName: "ratio"))
  var delta: Double?

  @Option(
    name: .customLong("mask_truncated_completions"),
    help:
      "Leave completions without an end out of the loss; their scores still count for the others."
  )
  var masksTruncated: Bool = false

  @Option(
    name: .customLong("missing_eos_penalty"),
    help: ArgumentHelp("Taken off the score of a completion that does not end.", valueName: "score")
  )
  var missingEOSPenalty: Double?

  @Option(
    name: .customLong("overlong_cache"),
    help: ArgumentHelp(
      "Tokens before max_completion_length over which a penalty of up to 1 grows (DAPO's soft overlong punishment); 0 takes nothing off.",
      valueName: "tokens"))
  var overlongMargin: Int = 0

  @Option(
    name: .customLong("dynamic_sampling_rounds"),
    help: ArgumentHelp(
      "Times that groups of equal rewards are replaced by groups of other prompts before an update (DAPO).",
      valueName: "count"))
  var resamplingCount: Int = 0

  func validate() throws {
    func require(_ holds: Bool, _ text: String) throws {
      guard holds else { throw ValidationError(text) }
    }
    try require(
      passesPerGeneration >= 0,
      "--steps_per_generation: expected 0 or more, found \(passesPerGeneration)")
    try require(
      epsilon > 0 && epsilon < 1, "--epsilon: expected above 0 and below 1, found \(epsilon)")
    try require(
      (epsilonHigh ?? 1) > 0, "--epsilon_high: expected above 0, found \(epsilonHigh ?? 0)")
    let least = 1 + (epsilonHigh ?? epsilon)
    try require(
      delta.map { $0 > least } ?? true, "--delta: expected above \(least), found \(delta ?? 0)")
    try require(overlongMargin >= 0, "--overlong_cache: expected 0 or more")
    try require(resamplingCount >= 0, "--dynamic_sampling_rounds: expected 0 or more")
  }

  /// The clip with these bounds.
  var clip: ClippedPolicyLoss {
    ClippedPolicyLoss(clipRange: epsilon, clipRangeHigh: epsilonHigh, ratioBound: delta)
  }

  /// How an update goes on.
  ///
  /// - Throws: ``UsageError`` where batch and groups do not fit each other.
  func settings(
    groupSize: Int, _ optimization: OptimizationOptions, _ sampling: SamplingOptions
  ) throws -> PolicyGradientSettings {
    for (name, value) in [
      ("per_device_train_batch_size", optimization.microbatchSize),
      ("gradient_accumulation_steps", optimization.accumulation),
    ] where value < 1 {
      throw UsageError("--\(name): expected 1 or more, found \(value)")
    }
    let passes = passesPerGeneration > 0 ? passesPerGeneration : optimization.accumulation
    guard passes.isMultiple(of: optimization.accumulation) else {
      throw UsageError(
        "--steps_per_generation: expected a multiple of gradient_accumulation_steps \(optimization.accumulation), found \(passes)"
      )
    }
    let count = optimization.microbatchSize * passes
    guard groupSize > 0, count.isMultiple(of: groupSize) else {
      throw UsageError(
        "--num_generations \(groupSize): the \(count) completions of an update (per_device_train_batch_size "
          + "\(optimization.microbatchSize) x \(passes)) cannot be shared out in whole groups; "
          + advice(groupSize, optimization, passes))
    }
    var settings = PolicyGradientSettings()
    settings.promptCount = count / groupSize
    settings.groupSize = groupSize
    settings.iterationCount = iterationCount
    settings.minibatchCount = passes / optimization.accumulation
    settings.sampling = sampling.settings
    settings.generationBatchSize = rollout.readingBatchSize ?? count
    settings.readingBatchSize = rollout.readingBatchSize
    settings.missingEOS = missingEOSPenalty.map { .penalty($0) } ?? .ignored
    settings.overlongPenalty =
      overlongMargin > 0
      ? SoftOverlongPenalty(limit: sampling.maxNewTokens, margin: overlongMargin) : nil
    settings.masksTruncated = masksTruncated
    settings.resamplingCount = resamplingCount
    settings.reusesSamplingLogProbs = rollout.reusesSamplingLogProbs
    return settings
  }

  /// The nearest settings that fit.
  private func advice(
    _ groupSize: Int, _ optimization: OptimizationOptions, _ passes: Int
  ) -> String {
    let count = optimization.microbatchSize * passes
    let sizes = (2...max(2, count)).filter { count.isMultiple(of: $0) }
    guard groupSize > 0 else { return "give 1 or more" }
    let nearest = sizes.min { abs($0 - groupSize) < abs($1 - groupSize) } ?? count
    let accumulation = (1...groupSize).first {
      (optimization.microbatchSize * $0).isMultiple(of: groupSize)
    }
    return "give --num_generations \(nearest), or --gradient_accumulation_steps "
      + "\(accumulation ?? groupSize)"
  }
}
