// SPDX-License-Identifier: Apache-2.0

/// Numbers in lists in lists, as a JSON file holds them.
public enum NestedNumbers: Sendable, Equatable {
  /// One number.
  case number(Double)
  /// A list.
  case list([NestedNumbers])

  /// All numbers, left to right.
  var flat: [Double] {
    switch self {
    case .number(let value): [value]
    case .list(let parts): parts.flatMap(\.flat)
    }
  }

  /// The elements of a list; nil for a number.
  var elements: [NestedNumbers]? {
    if case .list(let parts) = self { parts } else { nil }
  }

  /// How many lists stand around the first number: 0 for a number.
  var depth: Int {
    switch self {
    case .number: 0
    case .list(let parts): 1 + (parts.first?.depth ?? 0)
    }
  }

  /// The same lists around other numbers, taken from the left.
  func refilled(_ values: inout ArraySlice<Double>) -> NestedNumbers {
    switch self {
    case .number: .number(values.popFirst() ?? 0)
    case .list(let parts): .list(parts.map { $0.refilled(&values) })
    }
  }
}
