// SPDX-License-Identifier: Apache-2.0

/// One JSON value, kept exactly: integers stay integers, objects keep the order of their keys.
///
///     let row = try JSONValue(parsing: #"{"prompt": "2 + 2 =", "answer": 4}"#)
///     row["answer"]?.integer  // 4
public enum JSONValue: Sendable, Hashable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number written without fraction and exponent that fits 64 bits.
  case integer(Int)
  /// An integer outside 64 bits: its digits as they were written, with the sign.
  case bigInteger(String)
  /// A number with fraction or exponent.
  case number(Double)
  /// Text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// An object; see ``JSONObject``.
  case object(JSONObject)

  /// A whole number becomes `integer`, everything else `number`; so `3.0` is written back as `3`.
  public init(number value: Double) {
    if value.rounded() == value, abs(value) < 9_007_199_254_740_992 {
      self = .integer(Int(value))
    } else {
      self = .number(value)
    }
  }

  /// The text of a `string`, otherwise nil.
  public var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The truth value of a `bool`, otherwise nil.
  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The value of an `integer`, otherwise nil: 3.0 is not an integer.
  public var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// The value of an `integer`, `bigInteger` or `number` as a floating point number, otherwise nil.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .bigInteger(let digits): Double(digits)
    case .number(let value): value
    default: nil
    }
  }

  /// The elements of an `array`, otherwise nil.
  public var array: [JSONValue]? {
    if case .array(let values) = self { values } else { nil }
  }

  /// The members of an `object`, otherwise nil.
  public var object: JSONObject? {
    if case .object(let members) = self { members } else { nil }
  }

  /// Whether this is `null`.
  public var isNull: Bool { self == .null }

  /// The member called `key` of an `object`; nil where it is absent or this is no object.
  public subscript(key: String) -> JSONValue? { object?[key] }

  /// What a message calls this value: "a string", "a list of 3", "null", ...
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "the number \(value)"
    case .bigInteger(let digits): "the number \(digits)"
    case .number(let value): "the number \(value)"
    case .string: "a string"
    case .array(let values): "a list of \(values.count)"
    case .object: "an object"
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  /// A `string`.
  public init(stringLiteral value: String) { self = .string(value) }
  /// An `integer`.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A `number`.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A `bool`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An `array`.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An `object`; a key that stands twice keeps its last value.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(JSONObject(elements))
  }
  /// `null`.
  public init(nilLiteral: ()) { self = .null }
}
