// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import LanguageModels
import Tokenizers
import Torch
import Training

/// A conversation with one model, or with two at once: its turns, and what lines do to it.
struct ChatSession {
  /// A model that answers, with the answers it gave.
  private struct Voice {
    let speaker: ChatSpeaker
    /// Questions and this model's answers to them, in turn.
    var turns: [Message] = []
  }

  private var voices: [Voice]
  private let seed: UInt64
  private let isRaw: Bool
  private let interrupt: AnswerInterrupt
  /// Characters of a line where two answers stand side by side; nil writes one after the other.
  private let columns: Int?
  private var system: String?
  /// Answers drawn so far: each has its own luck, `/regenerate` too.
  private var drawCount: UInt64 = 0

  /// Starts a conversation.
  ///
  /// - Parameters:
  ///   - speakers: one model, or two to compare.
  ///   - seed: fixes every random choice.
  ///   - system: standing instructions before the first turn.
  ///   - isRaw: completes each line as it is.
  ///   - interrupt: tells when an answer is to stop.
  ///   - columns: characters of a line where two answers stand side by side; nil writes one after the other.
  init(
    _ speakers: [ChatSpeaker], seed: UInt64, system: String?, isRaw: Bool,
    interrupt: AnswerInterrupt = AnswerInterrupt(), columns: Int? = nil
  ) {
    voices = speakers.map { Voice(speaker: $0) }
    self.seed = seed
    self.system = system
    self.isRaw = isRaw
    self.interrupt = interrupt
    self.columns = columns
  }

  private static let help = """
    /help           this list
    /regenerate     draw the last answer again, with other luck (also /retry)
    /undo           take the last question and its answer back
    /system TEXT    put standing instructions before the conversation; without TEXT, show them
    /reset          forget the conversation, but not the instructions
    /save FILE      write the conversation as a row of messages; a row for each model
    /quit           end (also Ctrl-D)
    Ctrl-C stops an answer and keeps what there is of it.
    """
  private static let names = [
    "/help", "/regenerate", "/retry", "/undo", "/system", "/reset", "/save", "/quit", "/exit",
  ]

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
      if words[0] == "/quit" || words[0] == "/exit" { return }
      try obey(words[0], words.count > 1 ? words[1] : "")
    }
  }

  private mutating func obey(_ command: String, _ rest: String) throws {
    switch command {
    case "/help": Output.current.note(Self.help)
    case "/reset":
      for index in voices.indices { voices[index].turns = [] }
      Output.current.note("the conversation is forgotten")
    case "/regenerate", "/retry": try regenerate(command)
    case "/undo": undo()
    case "/system": instruct(rest)
    case "/save": save(rest)
    default:
      Output.current.note(
        "\(command): no such command" + Suggestion.phrase(for: command, among: Self.names)
          + "; /help lists them")
    }
  }

  // MARK: Turns

  private mutating func say(_ text: String) throws {
    for index in voices.indices { voices[index].turns.append(Message(role: .user, text)) }
    try answer()
  }

  private mutating func regenerate(_ command: String) throws {
    guard !voices[0].turns.isEmpty else {
      return Output.current.note("\(command): nothing was said yet")
    }
    for index in voices.indices where voices[index].turns.last?.role == .assistant {
      voices[index].turns.removeLast()
    }
    try answer()
  }

  private mutating func undo() {
    guard !voices[0].turns.isEmpty else {
      return Output.current.note("/undo: nothing was said yet")
    }
    var question = ""
    for index in voices.indices {
      if voices[index].turns.last?.role == .assistant { voices[index].turns.removeLast() }
      question = voices[index].turns.popLast()?.text ?? question
    }
    Output.current.note("taken back: \(question)")
  }

  private mutating func instruct(_ text: String) {
    guard !isRaw else {
      return Output.current.note("/system: with --raw there are no roles, and no instructions")
    }
    guard !text.isEmpty else {
      return Output.current.note(
        system.map { "instructions: \($0)" } ?? "there are no instructions")
    }
    system = text
    Output.current.note("the instructions hold from the next answer on")
  }

  /// Lets every model answer the last question.
  private mutating func answer() throws {
    var prompts: [[Int]] = []
    for index in voices.indices {
      guard let ids = try promptThatFits(index) else {
        for voice in voices.indices { voices[voice].turns.removeLast() }
        let speaker = voices[index].speaker
        return Output.current.note(
          "that is too long: with \(speaker.settings.maxNewTokens) tokens for the answer the model "
            + "takes \(speaker.room) tokens; nothing was asked")
      }
      prompts.append(ids)
    }
    let luck = SplitMix(seed, drawCount).state
    drawCount += 1
    interrupt.begin()
    defer { interrupt.end() }
    let widths = voices.count > 1 ? columns : nil
    var answers: [ChatSpeaker.Answer] = []
    for (index, prompt) in prompts.enumerated() {
      let speaker = voices[index].speaker
      if voices.count > 1, widths == nil { Output.current.line("[\(speaker.name)]") }
      let given = try speaker.answer(prompt, seed: luck, isRaw: isRaw, interrupt) { piece in
        if widths == nil { Output.current.write(piece) }
      }
      if widths == nil { Output.current.line() }
      answers.append(given)
      voices[index].turns.append(Message(role: .assistant, given.text))
    }
    if let widths {
      Output.current.line(
        SideBySide.text(
          zip(voices, answers).map { ("[\($0.speaker.name)]", $1.text) }, width: widths))
    }
    try Output.current.flush()
    tellEnds(answers)
  }

  private func tellEnds(_ answers: [ChatSpeaker.Answer]) {
    for (voice, answer) in zip(voices, answers) {
      let name = voices.count > 1 ? "\(voice.speaker.name): " : ""
      if answer.wasStopped {
        Output.current.note("(\(name)stopped)")
      } else if answer.end == .length {
        Output.current.note(
          "(\(name)cut at --max_new_tokens \(voice.speaker.settings.maxNewTokens))")
      }
    }
  }

  // MARK: Prompts

  private var opening: [Message] { system.map { [Message(role: .system, $0)] } ?? [] }

  /// The prompt's tokens, without the oldest turns where all would not fit; nil where even the last
  /// one does not.
  private mutating func promptThatFits(_ index: Int) throws -> [Int]? {
    let speaker = voices[index].speaker
    let turns = voices[index].turns
    guard !isRaw else {
      let ids = try speaker.policy.encoder.prompt(.plain(turns.last?.text ?? ""))
      return ids.isEmpty || ids.count > speaker.room ? nil : ids
    }
    var dropped = 0
    while true {
      let ids = try speaker.policy.encoder.prompt(.messages(opening + turns[dropped...]))
      if ids.count <= speaker.room {
        if dropped > 0 {
          voices[index].turns.removeFirst(dropped)
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
      let rows = voices.map { voice in
        Record(
          .languageModelling(.messages(opening + voice.turns)),
          extras: voices.count > 1 ? ["model": .string(voice.speaker.name)] : [:])
      }
      try JSONLinesWriter.write(rows, to: path)
      Output.current.note("saved in \(path)")
    } catch {
      Output.current.note("/save: \(message(for: error))")
    }
  }
}
