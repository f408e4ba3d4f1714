// SPDX-License-Identifier: Apache-2.0

/// One turn of a conversation, with every field that chat templates know.
public struct Message: Sendable, Hashable {
  /// What is said.
  public enum Content: Sendable, Hashable {
    /// Plain text.
    case text(String)
    /// Text parts, written as `{"type": "text", "text": ...}`.
    case parts([String])
    /// `null`: an assistant turn that only calls tools.
    case none

    /// The whole text; parts joined without separator.
    public var text: String {
      switch self {
      case .text(let text): text
      case .parts(let parts): parts.joined()
      case .none: ""
      }
    }
  }

  /// Who speaks.
  public var role: Role
  /// What is said.
  public var content: Content
  /// Calls the assistant makes, as they stand in the row.
  public var toolCalls: [JSONValue]?
  /// On a tool's turn: the call it answers.
  public var toolCallID: String?
  /// Name of the speaker or of the tool.
  public var name: String?
  /// The assistant's thinking, kept apart from its answer.
  public var reasoningContent: String?
  /// Loss weight of an assistant turn; 0 means: do not train on it. Nil counts as 1.
  public var weight: Double?
  /// Every other field of the message, such as `score` or `critique`.
  public var extras: JSONObject

  /// A message of plain text.
  public init(role: Role, _ text: String) {
    self.init(role: role, content: .text(text))
  }

  /// A message with every field.
  public init(
    role: Role, content: Content, toolCalls: [JSONValue]? = nil, toolCallID: String? = nil,
    name: String? = nil, reasoningContent: String? = nil, weight: Double? = nil,
    extras: JSONObject = JSONObject()
  ) {
    self.role = role
    self.content = content
    self.toolCalls = toolCalls
    self.toolCallID = toolCallID
    self.name = name
    self.reasoningContent = reasoningContent
    self.weight = weight
    self.extras = extras
  }

  /// The text of the message; parts joined.
  public var text: String { content.text }
}

extension Message {
  /// The message as a JSON object, `role` and `content` first.
  public var json: JSONValue {
    var object: JSONObject = ["role": .string(role.rawValue)]
    switch content {
    case .text(let text): object["content"] = .string(text)
    case .parts(let parts):
      object["content"] = .array(
        parts.map { ["type": "text", "text": .string($0)] })
    case .none: object["content"] = .null
    }
    if let reasoningContent { object["reasoning_content"] = .string(reasoningContent) }
    if let toolCalls { object["tool_calls"] = .array(toolCalls) }
    if let toolCallID { object["tool_call_id"] = .string(toolCallID) }
    if let name { object["name"] = .string(name) }
    if let weight { object["weight"] = JSONValue(number: weight) }
    for (key, value) in extras { object[key] = value }
    return .object(object)
  }

  /// Reads a message object; `field` names it in errors, such as `messages[2]`.
  init(_ value: JSONValue, field: String) throws(FieldError) {
    guard let object = value.object else {
      throw FieldError(field, "expected a message {\"role\", \"content\"}, found \(value.kind)")
    }
    role = try Self.role(object, field: field)
    content = try Self.content(object, role: role, field: field)
    toolCalls = try object.optionalArray("tool_calls", in: field)
    toolCallID = try object.optionalString("tool_call_id", in: field)
    name = try object.optionalString("name", in: field)
    reasoningContent = try object.optionalString("reasoning_content", in: field)
    weight = try object.optionalDouble("weight", in: field)
    extras = object.removing(Self.knownFields)
  }

  private static let knownFields = [
    "role", "content", "tool_calls", "tool_call_id", "name", "reasoning_content", "weight",
  ]

  private static func role(_ object: JSONObject, field: String) throws(FieldError) -> Role {
    guard let value = object["role"] else {
      let hint =
        object.contains("from") ? "; from/value turns belong in a 'conversations' column" : ""
      throw FieldError(
        field, "a message needs 'role' and 'content', found \(object.keys.listed)\(hint)")
    }
    guard let name = value.string else {
      throw FieldError("\(field).role", "expected a name such as user, found \(value.kind)")
    }
    do { return try Role(name: name) } catch {
      throw FieldError("\(field).role", error.reason)
    }
  }

  private static func content(_ object: JSONObject, role: Role, field: String) throws(FieldError)
    -> Content
  {
    switch object["content"] {
    case .string(let text): return .text(text)
    case .array(let parts):
      var texts: [String] = []
      for (index, part) in parts.enumerated() {
        guard part["type"]?.string == "text", let text = part["text"]?.string else {
          let type = part["type"]?.string.map { " of type \"\($0)\"" } ?? ""
          throw FieldError(
            "\(field).content[\(index)]",
            "expected {\"type\": \"text\", \"text\": ...}, found \(part.kind)\(type)")
        }
        texts.append(text)
      }
      return .parts(texts)
    case nil, .null:
      guard role == .assistant,
        object.contains("tool_calls") || object.contains("reasoning_content")
      else { throw FieldError("\(field).content", "is missing") }
      return .none
    case let other?:
      throw FieldError(
        "\(field).content", "expected a string or a list of text parts, found \(other.kind)")
    }
  }
}
