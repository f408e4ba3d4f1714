// SPDX-License-Identifier: Apache-2.0
import Feedback

/// A turn as the API writes it.
struct ChatMessage: Decodable, Sendable, Equatable {
  /// The turn in the project's own terms.
  var message: Message

  private enum CodingKeys: String, CodingKey {
    case role, content, name
    case toolCalls = "tool_calls"
    case toolCallID = "tool_call_id"
    case reasoningContent = "reasoning_content"
  }

  private struct Part: Decodable {
    var type: String
    var text: String?
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let name = try values.decode(String.self, forKey: .role)
    let role: Message.Role
    do { role = try Message.Role(name: name) } catch {
      throw DecodingError.dataCorruptedError(
        forKey: .role, in: values, debugDescription: error.reason)
    }
    message = Message(
      role: role, content: try Self.content(values),
      toolCalls: try values.decodeIfPresent([JSONValue].self, forKey: .toolCalls),
      toolCallID: try values.decodeIfPresent(String.self, forKey: .toolCallID),
      name: try values.decodeIfPresent(String.self, forKey: .name),
      reasoningContent: try values.decodeIfPresent(String.self, forKey: .reasoningContent))
    if message.content == .none, message.toolCalls == nil, message.reasoningContent == nil {
      throw DecodingError.dataCorruptedError(
        forKey: .content, in: values, debugDescription: "is missing")
    }
  }

  private static func content(
    _ values: KeyedDecodingContainer<CodingKeys>
  ) throws -> Message.Content {
    guard values.contains(.content), try !values.decodeNil(forKey: .content) else { return .none }
    if let text = try? values.decode(String.self, forKey: .content) { return .text(text) }
    let parts = try values.decode([Part].self, forKey: .content)
    return .parts(
      try parts.map { part in
        guard part.type == "text", let text = part.text else {
          throw DecodingError.dataCorruptedError(
            forKey: .content, in: values,
            debugDescription: "expected parts {\"type\": \"text\", \"text\": ...}, found one of "
              + "type \"\(part.type)\"; this server reads text")
        }
        return text
      })
  }
}

extension [ChatMessage] {
  /// Takes calls of tools from a body whose objects are in order, as templates write them out.
  mutating func takeOrdered(_ body: JSONValue?) {
    guard let ordered = body?.array, ordered.count == count else { return }
    for index in indices where self[index].message.toolCalls != nil {
      self[index].message.toolCalls = ordered[index]["tool_calls"]?.array
    }
  }
}
