// SPDX-License-Identifier: Apache-2.0
import Feedback
import Tokenizers
import Training

/// The body of `POST /v1/chat/completions`.
struct ChatRequest: RequestFields, Sendable, Equatable {
  var messages: [ChatMessage]
  var logProbs: Bool?
  var topLogProbs: Int?
  /// Further names for the chat template, such as `enable_thinking`.
  var templateArguments: JSONValue?
  var responseFormat: ResponseFormat?
  var fields: GenerationFields

  struct ResponseFormat: Decodable, Sendable, Equatable { var type: String }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case messages
    case logProbs = "logprobs"
    case topLogProbs = "top_logprobs"
    case templateArguments = "chat_template_kwargs"
    case responseFormat = "response_format"
  }

  static let known = Set(CodingKeys.allCases.map(\.rawValue)).union(GenerationFields.names)
  static let ignored = GenerationFields.ignored
  static let unsupported: [String: String] = {
    let tools = "calls of tools are not read from answers"
    return [
      "tools": tools, "tool_choice": tools, "functions": tools, "function_call": tools,
      "parallel_tool_calls": tools,
      "modalities": "answers are text", "audio": "answers are text",
      "prediction": "nothing is predicted ahead",
      "reasoning_effort": "pass it to the chat "
        + "template by 'chat_template_kwargs', if it has such a switch",
      "verbosity": "ask for it in a message", "web_search_options": "nothing is looked up",
    ]
  }()

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    messages = try values.decode([ChatMessage].self, forKey: .messages)
    logProbs = try values.decodeIfPresent(Bool.self, forKey: .logProbs)
    topLogProbs = try values.decodeIfPresent(Int.self, forKey: .topLogProbs)
    templateArguments = try values.decodeIfPresent(JSONValue.self, forKey: .templateArguments)
    responseFormat = try values.decodeIfPresent(ResponseFormat.self, forKey: .responseFormat)
    fields = try GenerationFields(from: decoder)
  }

  mutating func takeOrdered(_ body: JSONValue) {
    templateArguments = templateArguments == nil ? nil : body["chat_template_kwargs"]
    messages.takeOrdered(body["messages"])
  }
}

extension ChatRequest {
  /// What to compute, and how the answer is to be written.
  ///
  /// - Throws: ``ServingError`` of status 400 or 404.
  func plan(_ served: ServedModel) throws(ServingError) -> AnswerPlan {
    guard !messages.isEmpty else {
      throw .badRequest("'messages': expected at least one message", param: "messages")
    }
    if let type = responseFormat?.type, type != "text" {
      throw .unsupported("response_format", "answers are text without a form that binds them")
    }
    let alternatives = topLogProbs ?? 0
    guard (0...GenerationFields.mostAlternatives).contains(alternatives) else {
      throw .badRequest(
        "'top_logprobs': expected 0 to \(GenerationFields.mostAlternatives), found \(alternatives)",
        param: "top_logprobs")
    }
    guard topLogProbs == nil || logProbs == true else {
      throw .badRequest(
        "'top_logprobs' goes together with \"logprobs\": true", param: "top_logprobs")
    }
    let settings = try fields.settings(
      served, standardLength: served.standardChatLength, alternativeCount: alternatives)
    let count = try fields.choices(limit: served.mostChoices)
    let prompt = try served.prompt(messages.map(\.message), templateArguments)
    var plan = AnswerPlan(
      fields, settings: settings, prompts: [prompt], choiceCount: count, seeds: fields.seeds(served)
    )
    plan.wantsLogProbs = logProbs == true
    plan.dropsLeadingSpaces = !served.encoder.layout.usesTemplate
    try plan.check(
      served, namedLength: fields.maxCompletionTokens ?? fields.maxTokens, param: "messages")
    return plan
  }
}
