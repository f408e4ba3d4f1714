// SPDX-License-Identifier: Apache-2.0
import Feedback
import LanguageModels
import Training

/// The body of `POST /v1/score`: texts for a reward model.
struct ScoreRequest: RequestFields, Sendable, Equatable {
  /// One text: `text`, `messages`, or `completion` with or without `prompt`.
  struct Row: Decodable, Sendable, Equatable {
    var text: String?
    var messages: [ChatMessage]?
    var prompt: Part?
    var completion: Part?

    /// Plain text or turns.
    enum Part: Decodable, Sendable, Equatable {
      case text(String)
      case messages([ChatMessage])

      init(from decoder: any Decoder) throws {
        if let text = try? String(from: decoder) {
          self = .text(text)
        } else {
          self = .messages(try [ChatMessage](from: decoder))
        }
      }

      var recordText: RecordText {
        switch self {
        case .text(let text): .plain(text)
        case .messages(let messages): .messages(messages.map(\.message))
        }
      }
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
      case text, messages, prompt, completion
    }

    static let names = Set(CodingKeys.allCases.map(\.rawValue))

    var isEmpty: Bool { text == nil && messages == nil && completion == nil }
  }

  var model: String?
  var texts: [String]?
  var rows: [Row]?
  var single: Row
  var addsEnd: Bool?

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case model, texts, rows
    case addsEnd = "add_eos"
  }

  static let known = Set(CodingKeys.allCases.map(\.rawValue)).union(Row.names)
  static let ignored = GenerationFields.ignored
  static let unsupported: [String: String] = [:]

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    model = try values.decodeIfPresent(String.self, forKey: .model)
    texts = try values.decodeIfPresent([String].self, forKey: .texts)
    rows = try values.decodeIfPresent([Row].self, forKey: .rows)
    addsEnd = try values.decodeIfPresent(Bool.self, forKey: .addsEnd)
    single = try Row(from: decoder)
  }

  mutating func takeOrdered(_ body: JSONValue) {
    single.messages?.takeOrdered(body["messages"])
    for index in rows?.indices ?? 0..<0 {
      rows?[index].messages?.takeOrdered(body["rows"]?.array?[index]["messages"])
    }
  }
}

extension ScoreRequest {
  /// What a reward model reads.
  ///
  /// - Throws: ``ServingError`` of status 400 or 404.
  func job(_ served: ServedModel) throws(ServingError) -> ScoringJob {
    if let model, model != served.name { throw .unknownModel(model, served: served.name) }
    let given = [texts != nil, rows != nil, !single.isEmpty].count { $0 }
    guard given == 1 else {
      throw .badRequest(
        "expected one of 'texts', 'rows', 'text', 'messages', and 'completion' with 'prompt'; found "
          + (given == 0 ? "none" : "several"))
    }
    let all = texts?.map { Row(text: $0) } ?? rows ?? [single]
    guard !all.isEmpty else { throw .badRequest("there is no text to score; give one at least") }
    var result: [TokenRow] = []
    for (index, row) in all.enumerated() {
      let name = texts != nil ? "texts[\(index)]" : rows != nil ? "rows[\(index)]" : "the text"
      result.append(try tokens(of: row, name, served))
    }
    return ScoringJob(rows: result)
  }

  private func tokens(
    of row: Row, _ name: String, _ served: ServedModel
  ) throws(ServingError) -> TokenRow {
    let outcome: TextEncoder.Outcome<TokenRow>
    let scored: RecordText
    do {
      if let completion = row.completion?.recordText, row.text == nil, row.messages == nil {
        let prompt =
          row.prompt?.recordText ?? (completion.isConversational ? .messages([]) : .plain(""))
        scored = completion
        outcome = try served.encoder.scored(prompt, completion)
      } else if let text = row.text, row.messages == nil {
        scored = .plain(text)
        outcome = try served.encoder.supervised(Record(.languageModelling(scored)))
      } else if let messages = row.messages, row.text == nil {
        scored = .messages(messages.map(\.message))
        outcome = try served.encoder.supervised(Record(.languageModelling(scored)))
      } else {
        throw ServingError.badRequest(
          "\(name): expected 'text', 'messages', or 'completion' with 'prompt', and one of them")
      }
    } catch let error as ServingError {
      throw error
    } catch {
      throw .badRequest("\(name): \(error)")
    }
    guard let tokens = outcome.row, !tokens.ids.isEmpty else {
      throw .badRequest(
        "\(name): \(outcome.drop?.rawValue ?? "no token to score; give some text")")
    }
    if let limit = served.maximumLength, tokens.ids.count > limit {
      throw .tooLong(
        "\(name) has \(tokens.ids.count) tokens, and the model takes \(limit); shorten it",
        param: "texts")
    }
    return addsEnd == false ? served.encoder.withoutAddedEnd(tokens, of: scored) : tokens
  }
}

extension ScoreRequest.Row {
  fileprivate init(text: String) {
    self.text = text
  }
}
