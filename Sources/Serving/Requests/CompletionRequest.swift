// SPDX-License-Identifier: Apache-2.0
import Feedback

/// The body of `POST /v1/completions`.
struct CompletionRequest: RequestFields, Sendable, Equatable {
  /// Texts to continue.
  enum Prompts: Sendable, Equatable {
    case texts([String])
    case tokens([[Int]])
  }

  var prompts: Prompts
  /// Likeliest tokens wanted with each; nil for no log-probabilities at all.
  var logProbs: Int?
  /// Whether prompts come back in front of their completions.
  var echoes: Bool?
  var bestOf: Int?
  var fields: GenerationFields

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case prompts = "prompt"
    case logProbs = "logprobs"
    case echoes = "echo"
    case bestOf = "best_of"
  }

  static let known = Set(CodingKeys.allCases.map(\.rawValue)).union(GenerationFields.names)
    .subtracting(["max_completion_tokens"])
  static let ignored = GenerationFields.ignored
  static let unsupported = [
    "suffix": "text is continued at its end alone",
    "response_format": "answers are not bound to a form",
  ]

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    prompts = try values.decode(Prompts.self, forKey: .prompts)
    logProbs = try values.decodeIfPresent(Int.self, forKey: .logProbs)
    echoes = try values.decodeIfPresent(Bool.self, forKey: .echoes)
    bestOf = try values.decodeIfPresent(Int.self, forKey: .bestOf)
    fields = try GenerationFields(from: decoder)
  }

  func takeOrdered(_ body: JSONValue) {}
}

extension CompletionRequest.Prompts: Decodable {
  init(from decoder: any Decoder) throws {
    if let text = try? String(from: decoder) {
      self = .texts([text])
    } else if let ids = try? [Int](from: decoder), !ids.isEmpty {
      self = .tokens([ids])
    } else if let lists = try? [[Int]](from: decoder), !lists.isEmpty {
      self = .tokens(lists)
    } else if let texts = try? [String](from: decoder) {
      self = .texts(texts)
    } else {
      throw ServingError.badRequest(
        "'prompt': expected a string, a list of strings, a list of token ids, or a list of such "
          + "lists", param: "prompt")
    }
  }
}

extension CompletionRequest {
  /// Most tokens of a completion where the request does not say; the API's own number.
  static let standardLength = 16

  /// What to compute, and how the answer is to be written.
  ///
  /// - Throws: ``ServingError`` of status 400 or 404.
  func plan(_ served: ServedModel) throws(ServingError) -> AnswerPlan {
    let alternatives = logProbs ?? 0
    guard (0...GenerationFields.mostAlternatives).contains(alternatives) else {
      throw .badRequest(
        "'logprobs': expected 0 to \(GenerationFields.mostAlternatives), found \(alternatives)",
        param: "logprobs")
    }
    var fields = fields
    // Nothing but the prompt back, with its log-probabilities: how texts are scored through this API.
    let writes = !(echoes == true && fields.maxTokens == 0)
    if !writes { fields.maxTokens = 1 }
    let settings = try fields.settings(
      served, standardLength: Self.standardLength, alternativeCount: alternatives)
    let count = try fields.choices(limit: served.mostChoices)
    if let bestOf, bestOf != count {
      throw .unsupported("best_of", "every completion comes back; ask for them with 'n'")
    }
    let prompts = try served.prompts(prompts)
    var plan = AnswerPlan(
      fields, settings: settings, prompts: prompts, choiceCount: count, seeds: fields.seeds(served))
    plan.writes = writes
    plan.wantsLogProbs = logProbs != nil
    plan.echoes = echoes == true
    try plan.check(served, namedLength: writes ? self.fields.maxTokens : 0, param: "prompt")
    return plan
  }
}
