// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Objectives

/// `attune rloo`.
struct RLOOCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rloo",
    abstract: "REINFORCE with a leave-one-out baseline: a whole completion is one action.",
    discussion: """
      Samples num_generations completions of each prompt and compares the score of each, less the KL to the \
      reference, with the mean of the others; no critic. Where an update is one optimizer step, policy_loss is near 0 \
      and the clip ratios are exactly 0, as they should be: watch reward and kl.

        attune rloo --model_name_or_path runs/sft --reward_model runs/reward --dataset_path prompts.jsonl \
      --output_dir runs/rloo
      """)

  @Option(
    name: .customLong("num_generations"),
    help: ArgumentHelp("Completions a prompt.", valueName: "count"))
  var groupSize: Int = 2

  @Option(
    name: [.customLong("beta"), .customLong("kl_coef")],
    help: ArgumentHelp("What a nat of KL costs; 0 needs no reference.", valueName: "number"))
  var beta: Double = 0.05

  @Option(name: .customLong("kl_estimator"), help: "Estimate of the KL that is taxed.")
  var klEstimator: KLEstimator = .k1

  @Option(
    name: .customLong("normalize_advantages"),
    help: "Bring the advantages of an update to mean 0 and deviation 1.")
  var normalizesAdvantages: Bool = false

  @OptionGroup var options: PolicyGradientOptions

  func validate() throws {
    guard beta >= 0, beta.isFinite else {
      throw ValidationError("--beta: expected at least 0, found \(beta)")
    }
  }

  func run() throws {
    let method = RLOO(
      klCoefficient: beta, klEstimator: klEstimator, normalizesAdvantages: normalizesAdvantages,
      surrogate: options.group.clip)
    try options.run(method, groupSize: groupSize, title: ("rloo", "arXiv:2402.14740"))
  }
}
