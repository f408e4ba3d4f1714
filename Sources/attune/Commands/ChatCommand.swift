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
        attune chat --model_name_or_path runs/ppo --compare_to runs/sft
        echo "What is 2 + 2?" | attune chat --model_name_or_path runs/sft --temperature 0
      """)

  @OptionGroup var model: ModelOptions

  @Option(help: ArgumentHelp("Standing instructions before the first turn.", valueName: "text"))
  var system: String?

  @Option(help: "Complete each line as it is, without roles and without history.")
  var raw = false

  @Option(
    name: .customLong("compare_to"),
    help: ArgumentHelp(
      "A second model that answers the same questions, side by side with the first.",
      valueName: "folder|name"))
  var other: String?

  @OptionGroup var generation: GenerationOptions
  @OptionGroup var file: ConfigurationOptions

  func validate() throws {
    guard !raw || system == nil else {
      throw ValidationError("--system: with --raw there are no roles; leave out one of them")
    }
  }

  func run() throws {
    var speakers = [
      try speaker(
        model.folder(), model.modelPath, quantization: model.quantization.quantization,
        chatTemplate: model.chatTemplate())
    ]
    if let other {
      speakers.append(try speaker(model.hub.model(other, "--compare_to"), other))
    }
    if !raw { Output.current.note(speakers[0].policy.encoder.layout.summary) }
    let isWatched = isatty(STDIN_FILENO) == 1
    let interrupt = AnswerInterrupt()
    if isWatched {
      interrupt.listen()
      Output.current.note("/help lists commands, Ctrl-C stops an answer, /quit or Ctrl-D ends")
    }
    var chat = ChatSession(
      speakers, seed: generation.seed, system: system, isRaw: raw, interrupt: interrupt,
      columns: Self.columns)
    try withAutocast(model.precision.autocast, on: speakers[0].policy.model.device) {
      try chat.run(Self.lines(isWatched: isWatched))
    }
  }

  private func speaker(
    _ folder: URL, _ name: String, quantization: Quantization? = nil, chatTemplate: String? = nil
  ) throws -> ChatSpeaker {
    let policy = try LoadedPolicy(
      folder, model.precision, quantization: quantization, chatTemplate: chatTemplate)
    let settings = try settings(policy)
    try check(policy, settings)
    return ChatSpeaker(name, policy, settings)
  }

  /// Characters of a line of the terminal; nil where answers go elsewhere, or it is too narrow for two.
  private static var columns: Int? {
    var size = winsize()
    guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0,
      size.ws_col >= 60
    else { return nil }
    return Int(size.ws_col)
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
