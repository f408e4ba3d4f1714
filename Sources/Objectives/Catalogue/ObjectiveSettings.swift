// SPDX-License-Identifier: Apache-2.0

/// Values of options by name; what is not set keeps the loss's own default.
public struct ObjectiveSettings: Sendable, Equatable {
  private var values: [String: Double]

  /// Settings from names and values.
  public init(_ values: [String: Double] = [:]) { self.values = values }

  /// The value of an option, nil where it was not set.
  public subscript(_ option: ObjectiveOption) -> Double? { values[option.name] }

  /// Names that were set, sorted.
  public var names: [String] { values.keys.sorted() }

  /// Stops at a value outside its option's range.
  func check(_ options: [ObjectiveOption]) throws(ObjectiveError) {
    for option in options {
      guard let value = self[option], !option.range.contains(value) else { continue }
      throw .value(option: option.name, expected: option.range.phrase, found: value)
    }
  }
}
