// SPDX-License-Identifier: Apache-2.0

/// A plain value with named parts in a fixed order: what a command needs to print an item or a
/// score as JSON, without this module knowing about any file format.
public indirect enum MetaValue: Sendable, Hashable {
  /// A text, not yet escaped.
  case string(String)
  /// A number; whole numbers are meant to be printed without a decimal point.
  case number(Double)
  /// Values in order.
  case list([MetaValue])
  /// Named values in order; no name occurs twice.
  case object([MetaField])
}

/// One named value of an object.
public struct MetaField: Sendable, Hashable {
  /// The key, in lower case with underscores.
  public var key: String
  /// What stands under the key.
  public var value: MetaValue

  /// Pairs a key with its value.
  public init(_ key: String, _ value: MetaValue) {
    self.key = key
    self.value = value
  }

  /// Pairs a key with a text.
  public init(_ key: String, _ text: String) {
    self.init(key, .string(text))
  }

  /// Pairs a key with a number.
  public init(_ key: String, _ number: Double) {
    self.init(key, .number(number))
  }
}
