// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `attune grpo`.
struct GRPOCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "grpo",
    abstract:
      "Group relative policy optimization: the completions of a prompt are each other's baseline.",
    discussion: """
      Samples num_generations completions of each prompt, scores them, and makes those above their group's mean \
      likelier; no critic. --loss_type and other options make it Dr. GRPO, DAPO, BNPO, GSPO, CISPO, SAPO, LUSPO or \
      GDPO. Where an update is one optimizer step, policy_loss is near 0 and the clip ratios are exactly 0, as they \
      should be: watch reward. Rewards: --reward_model, and --reward_funcs words:FILE, count:FILE or program:COMMAND.

        attune grpo --model_name_or_path runs/sft --reward_funcs words:cheerful.txt --dataset_path prompts.jsonl \
      --output_dir runs/grpo
      """)

  @OptionGroup var method: GRPOOptions
  @OptionGroup var options: PolicyGradientOptions

  func run() throws {
    try options.run(
      method.method(options.group, lengthLimit: options.sampling.maxNewTokens),
      groupSize: method.groupSize, title: ("grpo", "arXiv:2402.03300"))
  }
}
