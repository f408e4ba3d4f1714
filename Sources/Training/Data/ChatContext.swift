// SPDX-License-Identifier: Apache-2.0
public import Feedback
import Tokenizers

/// What a row gives the chat template besides messages.
public struct ChatContext: Sendable, Equatable {
  /// Standing instructions, put before messages that begin with none. Column `system`.
  public var system: String?
  /// Schemas of the tools on offer; nil for none. Column `tools`.
  public var tools: [JSONValue]?
  /// Further names for the template, such as `enable_thinking`. Column `chat_template_kwargs`.
  public var arguments = JSONObject()

  /// Nothing besides the messages.
  public init() {}

  /// What the columns of a record say.
  public init(_ record: Record) {
    system = record.system
    tools = record.tools
    arguments = record.chatTemplateArguments ?? JSONObject()
  }

  /// The messages with the standing instructions before them.
  func conversation(_ messages: [Message]) -> [Message] {
    guard let system, messages.first?.role != .system, messages.first?.role != .developer else {
      return messages
    }
    return [Message(role: .system, system)] + messages
  }

  /// Message objects with the standing instructions before them.
  func conversation(_ messages: [JSONValue]) -> [JSONValue] {
    let first = messages.first?["role"]?.string
    guard let system, first != "system", first != "developer" else { return messages }
    return [Message(role: .system, system).json] + messages
  }

  /// What the columns give a template by name.
  var templateArguments: [String: ChatValue] {
    Dictionary(arguments.map { ($0.key, ChatValue($0.value)) }, uniquingKeysWith: { $1 })
  }
}

extension ChatValue {
  /// The same value. A whole number beyond 64 bits becomes the nearest floating point number.
  init(_ value: JSONValue) {
    self =
      switch value {
      case .null: .null
      case .bool(let flag): .bool(flag)
      case .integer(let number): .integer(number)
      case .bigInteger(let digits): .number(Double(digits) ?? .infinity)
      case .number(let number): .number(number)
      case .string(let text): .string(text)
      case .array(let items): .array(items.map { ChatValue($0) })
      case .object(let members): .object(members.map { Member($0.key, ChatValue($0.value)) })
      }
  }
}
