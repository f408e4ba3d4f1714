// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Feedback
import Foundation
import LanguageModels
import Tokenizers
import Torch
import Training

/// `attune chat`: a conversation in the terminal.
struct ChatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Talk with a model in the terminal.",
    discussion: """
      Each line is a turn; the model's answer appears as it is drawn. /help lists what else there is. \
      Lines may also come from a file or another program. Turns are laid out as training lays out \
      messages; --raw gives each line to the model as it is, which suits base models.

        attune chat --model_name_or_path runs/ppo
        echo "What is 2 + 2?" | attune chat --model_name_or_path runs/sft --temperature 0
      """)

  @OptionGroup var model: ModelOptions

  @Option(help: ArgumentHelp("Standing instructions before the first turn.", valueName: "text"))
  var system: String?

  @Option(help: "Complete each line as it is, without roles and without history.")
  var raw = false

  @OptionGroup var generation: GenerationOptions
  @OptionGroup var file: ConfigurationOptions

  func validate() throws {
    guard !raw || system == nil else {
      throw ValidationError("--system: with --raw there are no roles; leave out one of them")
    }
  }

  func run() throws {
    let policy = try LoadedPolicy(
      model.folder(), model.precision, quantization: model.quantization.quantization,
      chatTemplate: model.chatTemplate())
    let settings = try settings(policy)
    try check(policy, settings)
    if !raw { Output.current.note(policy.encoder.layout.summary) }
    var chat = ChatSession(
      policy: policy, settings: settings, seed: generation.seed, system: system, isRaw: raw)
    let isWatched = isatty(STDIN_FILENO) == 1
    if isWatched { Output.current.note("/help lists commands, /quit or Ctrl-D ends") }
    try withAutocast(model.precision.autocast, on: policy.model.device) {
      try chat.run(Self.lines(isWatched: isWatched))
    }
  }

  private func settings(_ policy: LoadedPolicy) throws -> SamplingSettings {
    var settings = try generation.settings(policy.defaults, stops: policy.stopTokenIDs)
    let standard = GenerationOptions.standardMaxNewTokens
    guard generation.maxNewTokens == nil, settings.maxNewTokens > standard else { return settings }
    // A folder's own lengths are for single texts; a conversation needs room for questions.
    let room = policy.maximumLength.map { max(standard, $0 / 2) } ?? standard
    settings.maxNewTokens = settings.maxLength == nil ? min(settings.maxNewTokens, room) : standard
    return settings
  }

  private func check(_ policy: LoadedPolicy, _ settings: SamplingSettings) throws {
    guard let limit = policy.maximumLength, settings.maxNewTokens >= limit else { return }
    throw UsageError(
      "--max_new_tokens: \(settings.maxNewTokens) leaves no room for a question, since the model takes "
        + "\(limit) tokens in all; use less, such as \(max(1, limit / 2))")
  }

  private static func lines(isWatched: Bool) -> AnyIterator<String> {
    AnyIterator {
      if isWatched {
        // The question mark belongs to the screen, not to the answers.
        FileHandle.standardError.write(Data("> ".utf8))
      }
      return readLine(strippingNewline: true)
    }
  }
}
