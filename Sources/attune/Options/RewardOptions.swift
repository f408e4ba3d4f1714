// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation

/// What sampled completions are scored by.
struct RewardOptions: ParsableArguments {
  @Option(
    name: .customLong("reward_model"),
    help: ArgumentHelp("Folder or hub name of a reward model.", valueName: "folder|name"))
  var rewardModel: String?

  @Option(
    name: .customLong("reward_funcs"),
    help: ArgumentHelp(
      "words:FILE, count:FILE or program:COMMAND; repeat to add several.", valueName: "function"))
  var rewardFunctions: [String] = []

  @Option(
    name: .customLong("reward_weights"),
    help: ArgumentHelp("A factor for each reward function, in their order.", valueName: "factors"))
  var rewardWeights: [Double] = []

  /// The reward model's folder, found or fetched; nil where none is named.
  func modelFolder(_ hub: HubOptions) throws -> URL? {
    try rewardModel.map { try hub.model($0, "--reward_model") }
  }

  /// The reward functions with their weights.
  ///
  /// - Parameter acceptsNull: whether a program may answer `{"score": null}` for a completion it has no score for.
  /// - Returns: the functions in their order.
  /// - Throws: ``UsageError``, and errors of the files.
  func scorers(acceptsNull: Bool = false) throws -> [(scorer: any Scorer, weight: Double)] {
    try RewardFunctions.parse(
      rewardFunctions, weights: rewardWeights, acceptsNull: acceptsNull)
  }
}

/// What belongs to sampled completions besides how they are drawn.
struct CompletionOptions: ParsableArguments {
  @Option(
    name: .customLong("stop_token"),
    help: ArgumentHelp(
      "What ends a completion: eos for the model's end tokens, or the text of one token in their place.",
      valueName: "eos|text"))
  var stopToken: String = "eos"

  @Option(
    name: .customLong("max_prompt_length"),
    help: ArgumentHelp(
      "Most tokens of a prompt; longer ones are left out. 0 takes max_length.", valueName: "tokens")
  )
  var maxPromptLength: Int = 0

  @Option(name: .customLong("log_completions"), help: "Write the completions of logged updates.")
  var logsCompletions: Bool = false

  @Option(
    name: .customLong("num_completions_to_print"),
    help: ArgumentHelp("Of them, printed.", valueName: "count"))
  var printedSampleCount: Int = 0

  /// Most tokens of a prompt; nil leaves it to `max_length`.
  var promptLimit: Int? { maxPromptLength > 0 ? maxPromptLength : nil }
}
