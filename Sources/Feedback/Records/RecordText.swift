// SPDX-License-Identifier: Apache-2.0

/// A prompt or a completion: plain text, or turns of a conversation.
public enum RecordText: Sendable, Hashable {
  /// Text that stands as it is; nothing is added around it.
  case plain(String)
  /// Turns that a chat template will render.
  case messages([Message])

  /// Whether this is a list of messages.
  public var isConversational: Bool {
    if case .messages = self { true } else { false }
  }

  /// The messages; nil for plain text.
  public var messages: [Message]? {
    if case .messages(let messages) = self { messages } else { nil }
  }

  /// The text without roles: messages joined by newlines.
  ///
  /// For word counts, scorers and display; training renders with a template instead.
  public var text: String {
    switch self {
    case .plain(let text): text
    case .messages(let messages): messages.map(\.text).joined(separator: "\n")
    }
  }

  /// Whether nothing but blanks is said, and no tool is called.
  public var isEmpty: Bool {
    switch self {
    case .plain(let text): text.allSatisfy(\.isWhitespace)
    case .messages(let messages):
      messages.allSatisfy { $0.text.allSatisfy(\.isWhitespace) && ($0.toolCalls ?? []).isEmpty }
    }
  }

  /// Number of words: runs of characters that are not blank.
  public var wordCount: Int {
    switch self {
    case .plain(let text): countWords(text)
    case .messages(let messages): messages.reduce(0) { $0 + countWords($1.text) }
    }
  }

  /// Number of Unicode scalars.
  public var scalarCount: Int {
    switch self {
    case .plain(let text): text.unicodeScalars.count
    case .messages(let messages): messages.reduce(0) { $0 + $1.text.unicodeScalars.count }
    }
  }

  /// The text as JSON: a string or a list of message objects.
  public var json: JSONValue {
    switch self {
    case .plain(let text): .string(text)
    case .messages(let messages): .array(messages.map(\.json))
    }
  }

  /// Reads a string or a list of messages; `field` names it in errors.
  init(_ value: JSONValue, field: String) throws(FieldError) {
    switch value {
    case .string(let text): self = .plain(text)
    case .array(let values): self = .messages(try values.messages(field: field))
    default:
      throw FieldError(field, "expected a string or a list of messages, found \(value.kind)")
    }
  }

  /// Two texts one after the other, both of the same kind.
  func joined(with rest: RecordText) -> RecordText {
    switch (self, rest) {
    case (.plain(let first), .plain(let second)): .plain(first + second)
    case (.messages(let first), .messages(let second)): .messages(first + second)
    case (.messages(let first), .plain(let second)):
      .messages(first + [Message(role: .assistant, second)])
    case (.plain(let first), .messages(let second)):
      .messages([Message(role: .user, first)] + second)
    }
  }

  /// Same kind for all texts of a row: a plain prompt beside messages becomes a user turn, plain
  /// completions become assistant turns.
  static func aligned(prompt: RecordText, completions: [RecordText]) -> (
    prompt: RecordText, completions: [RecordText]
  ) {
    let all = [prompt] + completions
    guard all.contains(where: \.isConversational) else { return (prompt, completions) }
    func turn(_ text: RecordText, _ role: Message.Role) -> RecordText {
      if case .plain(let plain) = text { .messages([Message(role: role, plain)]) } else { text }
    }
    return (turn(prompt, .user), completions.map { turn($0, .assistant) })
  }
}

extension [JSONValue] {
  /// Reads a list of message objects.
  ///
  /// - Parameters:
  ///   - field: the column, for messages.
  ///   - place: the row's file and line.
  /// - Returns: the messages, with every field that a chat template may read.
  /// - Throws: ``FeedbackError`` with file, line and field.
  public func messages(field: String, at place: Provenance) throws -> [Message] {
    do {
      return try messages(field: field)
    } catch {
      throw error.located(at: place)
    }
  }

  /// Reads a list of message objects.
  func messages(field: String) throws(FieldError) -> [Message] {
    var messages: [Message] = []
    messages.reserveCapacity(count)
    for (index, value) in enumerated() {
      messages.append(try Message(value, field: "\(field)[\(index)]"))
    }
    return messages
  }
}

/// Number of runs of characters that are not blank; ASCII blanks and Unicode white space separate.
func countWords(_ text: String) -> Int {
  var count = 0
  var inWord = false
  for scalar in text.unicodeScalars {
    let isBlank =
      scalar.value < 0x80
      ? scalar == " " || (0x09...0x0D).contains(scalar.value) : scalar.properties.isWhitespace
    if !isBlank, !inWord { count += 1 }
    inWord = !isBlank
  }
  return count
}
