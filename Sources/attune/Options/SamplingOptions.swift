// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LanguageModels

/// How completions are drawn; used where the policy's own distribution is wanted.
struct SamplingOptions: ParsableArguments {
  @Option(
    name: [.customLong("max_completion_length"), .customLong("response_length")],
    help: ArgumentHelp("Most tokens of a completion.", valueName: "tokens"))
  var maxNewTokens: Int = 512

  @Option(
    name: .customLong("min_new_tokens"),
    help: ArgumentHelp("Tokens before which a completion may not end.", valueName: "tokens"))
  var minNewTokens: Int = 0

  @Option(help: "Divides the logits, in sampling and in log-probabilities.")
  var temperature: Double = 1

  @Option(name: .customLong("top_p"), help: "Keep the likeliest tokens of this total probability.")
  var topP: Double = 1

  @Option(name: .customLong("top_k"), help: "Keep this many likeliest tokens; 0 keeps all.")
  var topK: Int = 0

  @Option(
    name: .customLong("min_p"), help: "Drop tokens below this share of the likeliest; 0 drops none."
  )
  var minP: Double = 0

  @Option(
    name: .customLong("repetition_penalty"), help: "Above 1 makes tokens already there less likely."
  )
  var repetitionPenalty: Double = 1

  func validate() throws {
    guard maxNewTokens > 0 else {
      throw ValidationError("--max_completion_length: expected at least 1, found \(maxNewTokens)")
    }
    guard temperature >= 0, (0...1).contains(topP), topP > 0, topK >= 0, (0...1).contains(minP),
      repetitionPenalty > 0
    else {
      throw ValidationError(
        "sampling: temperature and top_k must be at least 0, top_p above 0 to 1, min_p 0 to 1, "
          + "repetition_penalty above 0")
    }
  }

  /// The settings; stop tokens are the model's own.
  var settings: SamplingSettings {
    SamplingSettings(
      maxNewTokens: maxNewTokens, minNewTokens: minNewTokens, temperature: temperature, topK: topK,
      topP: topP, minP: minP, repetitionPenalty: repetitionPenalty)
  }
}
