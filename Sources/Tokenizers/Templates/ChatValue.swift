// SPDX-License-Identifier: Apache-2.0

/// A JSON-like value that a chat template gets: a message, a tool, a setting.
///
/// Members of an object keep their order, for templates print them in it:
///
///     let message: ChatValue = ["role": "user", "content": "Where is the ferry?"]
public enum ChatValue: Sendable, Equatable {
  /// `null`, which templates call `none`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number, printed without a fraction.
  case integer(Int)
  /// A number with a fraction: 1.0 prints as "1.0".
  case number(Double)
  /// Text.
  case string(String)
  /// A list.
  case array([ChatValue])
  /// Names and values in order. Of two members with one name the last counts, at the first's place.
  case object([Member])

  /// One named member of an object.
  public struct Member: Sendable, Equatable {
    /// The name, any text.
    public var name: String
    /// The value.
    public var value: ChatValue

    /// A member.
    public init(_ name: String, _ value: ChatValue) {
      self.name = name
      self.value = value
    }
  }

  /// The last member called `name`; nil where there is none or this is no object.
  public subscript(name: String) -> ChatValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }

  /// What a message calls this value.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .integer, .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

extension ChatValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByNilLiteral
{
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// `true` or `false`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A number with a fraction.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// `null`.
  public init(nilLiteral: ()) { self = .null }
}

extension ChatValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
  /// A list.
  public init(arrayLiteral elements: ChatValue...) { self = .array(elements) }
  /// An object with members in the order written.
  public init(dictionaryLiteral elements: (String, ChatValue)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
}

extension ChatValue {
  /// The same value as the JSON reader of this module makes it.
  init(_ json: JSONValue) {
    self =
      switch json {
      case .null: .null
      case .bool(let flag): .bool(flag)
      case .integer(let number): .integer(number)
      case .number(let number): .number(number)
      case .string(let text): .string(text)
      case .array(let elements): .array(elements.map { ChatValue($0) })
      case .object(let members): .object(members.map { Member($0.name, ChatValue($0.value)) })
      }
  }

  /// Reads JSON text (UTF-8), keeping the order of members.
  ///
  /// - Parameters:
  ///   - json: one whole document.
  ///   - file: the name that errors show.
  /// - Throws: ``TokenizerError/brokenJSON(file:line:column:reason:)``.
  public init(json: some Sequence<UInt8>, file: String = "JSON") throws {
    self.init(try JSONReader.parse(Array(json), file: file))
  }
}
