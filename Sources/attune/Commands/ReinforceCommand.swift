// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Objectives

/// `attune reinforce`.
struct ReinforceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reinforce",
    abstract: "REINFORCE++: rewards to come, taxed a token by the KL, whitened over the batch.",
    discussion: """
      Samples completions of the prompts, scores them, and makes tokens likelier that were followed by more reward \
      than the mean of the batch; no critic, and no second completion of a prompt unless --group_baseline compares \
      them first (REINFORCE++-baseline).

        attune reinforce --model_name_or_path runs/sft --reward_model runs/reward --dataset_path prompts.jsonl \
      --output_dir runs/reinforce
      """,
    aliases: ["reinforce++", "reinforce-plus-plus"])

  @Option(
    name: .customLong("num_generations"),
    help: ArgumentHelp("Completions a prompt.", valueName: "count"))
  var groupSize: Int = 1

  @Option(
    name: [.customLong("beta"), .customLong("kl_coef")],
    help: ArgumentHelp("What a nat of KL costs; 0 needs no reference.", valueName: "number"))
  var beta: Double = 0.01

  @Option(name: .customLong("kl_estimator"), help: "Estimate of the KL that is taxed.")
  var klEstimator: KLEstimator = .k1

  @Option(help: "What a reward one token later is worth.")
  var gamma: Double = 1

  @Option(
    name: .customLong("group_baseline"),
    help: "Subtract the mean score of the prompt's completions first.")
  var usesGroupBaseline: Bool = false

  @Option(
    name: .customLong("unbiased_whitening"),
    help: "Divide the variance by the count of tokens less one.")
  var isUnbiased: Bool = false

  @OptionGroup var options: PolicyGradientOptions

  func validate() throws {
    guard beta >= 0, beta.isFinite else {
      throw ValidationError("--beta: expected at least 0, found \(beta)")
    }
    guard (0...1).contains(gamma) else {
      throw ValidationError("--gamma: expected 0 to 1, found \(gamma)")
    }
  }

  func run() throws {
    let method = ReinforcePlusPlus(
      klCoefficient: beta, klEstimator: klEstimator, gamma: gamma,
      usesGroupBaseline: usesGroupBaseline, whitening: Whitening(isUnbiased: isUnbiased),
      surrogate: options.group.clip)
    try options.run(method, groupSize: groupSize, title: ("reinforce", "arXiv:2501.03262"))
  }
}
