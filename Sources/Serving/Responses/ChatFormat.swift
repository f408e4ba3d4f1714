// SPDX-License-Identifier: Apache-2.0
import LanguageModels

/// Answers of `/v1/chat/completions`.
struct ChatFormat: AnswerFormat {
  struct Whole: Encodable {
    var id: String
    var object = "chat.completion"
    var created: Int
    var model: String
    var choices: [Choice]
    var usage: Usage
  }

  struct Choice: Encodable {
    var index: Int
    var message: Message
    @Nullable var logprobs: LogProbs?
    var finishReason: String

    private enum CodingKeys: String, CodingKey {
      case index, message, logprobs
      case finishReason = "finish_reason"
    }
  }

  struct Message: Encodable, Equatable {
    var role = "assistant"
    var content: String
    @Nullable var refusal: String?
  }

  struct Chunk: Encodable {
    var id: String
    var object = "chat.completion.chunk"
    var created: Int
    var model: String
    var choices: [Piece]
    var usage: Usage?
  }

  struct Piece: Encodable {
    var index: Int
    var delta: Delta
    @Nullable var logprobs: LogProbs?
    @Nullable var finishReason: String?

    private enum CodingKeys: String, CodingKey {
      case index, delta, logprobs
      case finishReason = "finish_reason"
    }
  }

  struct Delta: Encodable {
    var role: String?
    var content: String?
  }

  struct LogProbs: Encodable, Sendable, Equatable {
    var content: [Token]

    init(_ entries: [TokenEntry]) { content = entries.map(Token.init) }
  }

  struct Token: Encodable, Sendable, Equatable {
    struct Likely: Encodable, Sendable, Equatable {
      var token: String
      var logprob: Float
      var bytes: [UInt8]

      init(_ likely: TokenEntry.Likely) {
        token = likely.text
        logprob = likely.logProb
        bytes = likely.bytes
      }
    }

    var token: String
    var logprob: Float
    var bytes: [UInt8]
    var topLogProbs: [Likely]

    private enum CodingKeys: String, CodingKey {
      case token, logprob, bytes
      case topLogProbs = "top_logprobs"
    }

    init(_ entry: TokenEntry) {
      token = entry.token.text
      logprob = entry.token.logProb
      bytes = entry.token.bytes
      topLogProbs = entry.alternatives.map(Likely.init)
    }
  }

  private let head: AnswerHead
  private var id: String { "chatcmpl-\(head.id)" }

  init(_ head: AnswerHead) { self.head = head }

  func opening(choice: Int) -> Chunk? {
    chunk([Piece(index: choice, delta: Delta(role: "assistant", content: ""))])
  }

  func chunk(choice: Int, _ piece: ChoiceReader.Piece, end: StopReason?) -> Chunk {
    chunk([
      Piece(
        index: choice, delta: Delta(content: piece.text.isEmpty ? nil : piece.text),
        logprobs: piece.tokens.isEmpty ? nil : LogProbs(piece.tokens), finishReason: end?.word)
    ])
  }

  func chunk(_ usage: Usage) -> Chunk { chunk([], usage) }

  func whole(_ choices: [FinishedChoice], _ usage: Usage) -> Whole {
    Whole(
      id: id, created: head.created, model: head.model,
      choices: choices.enumerated().map { index, choice in
        Choice(
          index: index, message: Message(content: choice.text),
          logprobs: choice.wantsLogProbs ? LogProbs(choice.tokens) : nil,
          finishReason: (choice.end ?? .length).word)
      }, usage: usage)
  }

  private func chunk(_ choices: [Piece], _ usage: Usage? = nil) -> Chunk {
    Chunk(id: id, created: head.created, model: head.model, choices: choices, usage: usage)
  }
}
