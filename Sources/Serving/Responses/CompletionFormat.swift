// SPDX-License-Identifier: Apache-2.0
import LanguageModels

/// Answers of `/v1/completions`.
struct CompletionFormat: AnswerFormat {
  struct Whole: Encodable {
    var id: String
    var object = "text_completion"
    var created: Int
    var model: String
    var choices: [Choice]
    var usage: Usage?
  }

  struct Choice: Encodable {
    var index: Int
    var text: String
    @Nullable var logprobs: LogProbs?
    @Nullable var finishReason: String?

    private enum CodingKeys: String, CodingKey {
      case index, text, logprobs
      case finishReason = "finish_reason"
    }
  }

  struct LogProbs: Encodable, Sendable, Equatable {
    var tokens: [String] = []
    /// Null for the first token of a text, which nothing comes before.
    var tokenLogProbs: [Float?] = []
    var topLogProbs: [[String: Float]?] = []
    var textOffset: [Int] = []

    private enum CodingKeys: String, CodingKey {
      case tokens
      case tokenLogProbs = "token_logprobs"
      case topLogProbs = "top_logprobs"
      case textOffset = "text_offset"
    }

    init(_ entries: [TokenEntry]) {
      for entry in entries {
        tokens.append(entry.token.text)
        textOffset.append(entry.offset)
        guard entry.isPredicted else {
          tokenLogProbs.append(nil)
          topLogProbs.append(nil)
          continue
        }
        tokenLogProbs.append(entry.token.logProb)
        // The token itself is told even where it is not among the likeliest; of two tokens that
        // read alike the likelier one is.
        topLogProbs.append(
          Dictionary(
            (entry.alternatives + [entry.token]).map { ($0.text, $0.logProb) },
            uniquingKeysWith: { first, _ in first }))
      }
    }
  }

  private let head: AnswerHead
  private var id: String { "cmpl-\(head.id)" }

  init(_ head: AnswerHead) { self.head = head }

  func opening(choice: Int) -> Whole? { nil }

  func chunk(choice: Int, _ piece: ChoiceReader.Piece, end: StopReason?) -> Whole {
    whole([
      Choice(
        index: choice, text: piece.text,
        logprobs: piece.tokens.isEmpty ? nil : LogProbs(piece.tokens), finishReason: end?.word)
    ])
  }

  func chunk(_ usage: Usage) -> Whole { whole([], usage) }

  func whole(_ choices: [FinishedChoice], _ usage: Usage) -> Whole {
    whole(
      choices.enumerated().map { index, choice in
        Choice(
          index: index, text: choice.text,
          logprobs: choice.wantsLogProbs ? LogProbs(choice.tokens) : nil,
          finishReason: (choice.end ?? .length).word)
      }, usage)
  }

  private func whole(_ choices: [Choice], _ usage: Usage? = nil) -> Whole {
    Whole(id: id, created: head.created, model: head.model, choices: choices, usage: usage)
  }
}
