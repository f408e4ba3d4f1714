// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels

/// How an answer is written: as a completion or as a chat's message, whole or in pieces.
protocol AnswerFormat: Sendable {
  associatedtype Whole: Encodable
  associatedtype Chunk: Encodable

  /// What every object of the answer begins with.
  init(_ head: AnswerHead)
  /// What comes before a choice's first piece; nil for nothing.
  func opening(choice: Int) -> Chunk?
  /// A piece of a choice.
  func chunk(choice: Int, _ piece: ChoiceReader.Piece, end: StopReason?) -> Chunk
  /// The end of a stream that tells how many tokens it took.
  func chunk(_ usage: Usage) -> Chunk
  /// The whole answer.
  func whole(_ choices: [FinishedChoice], _ usage: Usage) -> Whole
}

/// What every object of an answer begins with.
struct AnswerHead: Sendable, Equatable {
  /// Tells answers apart; without the prefix of its kind.
  var id: String
  /// Seconds since 1970.
  var created: Int
  var model: String

  init(model: String) {
    id = UUID().uuidString.replacing("-", with: "").lowercased()
    created = Int(Date().timeIntervalSince1970)
    self.model = model
  }
}

/// A choice that has ended.
struct FinishedChoice: Sendable, Equatable {
  var text = ""
  var tokens: [TokenEntry] = []
  var end: StopReason?
  /// Whether its tokens' log-probabilities were asked for.
  var wantsLogProbs: Bool
}

extension StopReason {
  /// The API's word for it.
  var word: String {
    switch self {
    case .endOfText, .stopString: "stop"
    case .length: "length"
    }
  }
}
