// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import LanguageModels
import Tokenizers
import Torch
import Training

/// A conversation: its turns, and what lines do to it.
struct ChatSession {
  private let policy: LoadedPolicy
  private let settings: SamplingSettings
  private let isRaw: Bool
  private let seed: UInt64
  private let opening: [Message]
  private var turns: [Message] = []
  /// Answers drawn so far: each has its own luck, `/retry` too.
  private var drawCount: UInt64 = 0

  init(
    policy: LoadedPolicy, settings: SamplingSettings, seed: UInt64, system: String?, isRaw: Bool
  ) {
    self.policy = policy
    self.settings = settings
    self.seed = seed
    self.isRaw = isRaw
    opening = system.map { [Message(role: .system, $0)] } ?? []
  }

  private static let help = """
    /help         this list
    /reset        forget the conversation
    /retry        draw the last answer again
    /save FILE    write the conversation as a row of messages
    /quit         end
    """

  /// Answers lines until they end or one says /quit.
  mutating func run(_ lines: some Sequence<String>) throws {
    for line in lines {
      let text = line.trimmingCharacters(in: .whitespaces)
      if text.isEmpty { continue }
      guard text.hasPrefix("/") else {
        try say(isRaw ? line : text)
        continue
      }
      let words = text.split(separator: " ", maxSplits: 1).map(String.init)
      switch words[0] {
      case "/quit", "/exit": return
      case "/help": Output.current.note(Self.help)
      case "/reset":
        turns = []
        Output.current.note("the conversation is forgotten")
      case "/retry": try retry()
      case "/save": save(words.count > 1 ? words[1] : "")
      default:
        Output.current.note(
          "\(words[0]): no such command"
            + Suggestion.phrase(
              for: words[0], among: ["/help", "/reset", "/retry", "/save", "/quit"])
            + "; /help lists them")
      }
    }
  }

  private mutating func say(_ text: String) throws {
    turns.append(Message(role: .user, text))
    try answer()
  }

  private mutating func retry() throws {
    guard turns.contains(where: { $0.role == .user }) else {
      return Output.current.note("/retry: nothing was said yet")
    }
    if turns.last?.role == .assistant { turns.removeLast() }
    try answer()
  }

  private mutating func answer() throws {
    guard let ids = try promptThatFits() else {
      turns.removeLast()
      return Output.current.note(
        "that is too long: with \(settings.maxNewTokens) tokens for the answer the model takes "
          + "\(room) tokens; nothing was asked")
    }
    let tokenizer = policy.tokenizer
    let isRaw = isRaw
    let sampler = Sampler(policy.model, settings, batchSize: 1) { tokenizer.decode($0) }
    var stream = TextStream(tokenizer, after: ids, settings)
    var answer = ""
    func show(_ piece: String) {
      // The space that separates an answer from its role is no part of it.
      let new = answer.isEmpty && !isRaw ? String(piece.drop { $0 == " " }) : piece
      answer += new
      Output.current.write(new)
    }
    let completions = sampler.completions([ids], seeds: [SplitMix(seed, drawCount).state]) {
      show(stream.append($1))
    }
    show(stream.finish())
    Output.current.line()
    try Output.current.flush()
    drawCount += 1
    turns.append(Message(role: .assistant, answer))
    if completions[0].stopReason == .length {
      Output.current.note("(cut at --max_new_tokens \(settings.maxNewTokens))")
    }
  }

  // MARK: Prompts

  /// Most tokens of a prompt.
  private var room: Int { (policy.maximumLength ?? .max) - settings.maxNewTokens }

  /// The prompt's tokens, without the oldest turns where all would not fit; nil where even the last
  /// one does not.
  private mutating func promptThatFits() throws -> [Int]? {
    guard !isRaw else {
      let ids = try policy.encoder.prompt(.plain(turns.last?.text ?? ""))
      return ids.isEmpty || ids.count > room ? nil : ids
    }
    var dropped = 0
    while true {
      let ids = try policy.encoder.prompt(.messages(opening + turns[dropped...]))
      if ids.count <= room {
        if dropped > 0 {
          turns.removeFirst(dropped)
          Output.current.note("the \(dropped) oldest turns no longer fit and were dropped")
        }
        return ids
      }
      // A question goes together with its answer.
      dropped += 2
      if dropped >= turns.count { return nil }
    }
  }

  private func save(_ path: String) {
    guard !path.isEmpty else {
      return Output.current.note("/save: name a file, such as /save chat.jsonl")
    }
    do {
      try JSONLinesWriter.write(
        [Record(.languageModelling(.messages(opening + turns)))], to: path)
      Output.current.note("saved in \(path)")
    } catch {
      Output.current.note("/save: \(message(for: error))")
    }
  }
}
