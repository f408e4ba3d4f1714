// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Objectives

/// The numbers of a file by field.
struct LossFields {
  private(set) var numbers: [String: NestedNumbers] = [:]

  /// Reads a JSON object whose values are lists of numbers, or lists of such.
  ///
  /// - Throws: ``LossFileError``, and ``ObjectiveError`` for what is no number.
  init(_ data: Data, place: String) throws {
    let value: JSONValue
    do { value = try JSONValue(parsing: Self.quotingWords(Array(data))) } catch {
      throw LossFileError(description: "\(place): \(error)")
    }
    guard let object = value.object else {
      throw LossFileError(
        description: "\(place): expected one JSON object with fields such as policy_chosen, "
          + "found \(value.kind)")
    }
    for (name, value) in object {
      guard let rows = value.array else {
        throw ObjectiveError.field(name, problem: "expected a list of rows, found \(value.kind)")
      }
      numbers[name] = .list(
        try rows.enumerated().map { try Self.nested($1, field: name, row: $0 + 1) })
    }
  }

  /// Numbers that are no JSON but that programs write; they are read so that a message can name their row.
  private static let words: [String: Double] = [
    "-Infinity": -.infinity, "Infinity": .infinity, "NaN": .nan,
  ]

  /// The same bytes with those words in quotes.
  private static func quotingWords(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes[...]
    var isInText = false
    while let byte = rest.first {
      if !isInText, let word = words.keys.first(where: { rest.starts(with: $0.utf8) }) {
        result += Array("\"\(word)\"".utf8)
        rest = rest.dropFirst(word.utf8.count)
        continue
      }
      if byte == UInt8(ascii: "\\"), isInText, rest.count > 1 {
        result += rest.prefix(2)
        rest = rest.dropFirst(2)
        continue
      }
      if byte == UInt8(ascii: "\"") { isInText.toggle() }
      result.append(byte)
      rest = rest.dropFirst()
    }
    return result
  }

  private static func nested(_ value: JSONValue, field: String, row: Int) throws -> NestedNumbers {
    if let parts = value.array {
      return .list(try parts.map { try nested($0, field: field, row: row) })
    }
    guard let number = value.double ?? value.string.flatMap({ words[$0] }) else {
      throw ObjectiveError.row(
        field: field, row: row,
        problem: "expected numbers, found \(value.kind); a token without a finite log-probability "
          + "makes the row useless: leave it out of all fields")
    }
    return .number(number)
  }
}

/// A file that is no object of numbers.
struct LossFileError: Error, CustomStringConvertible {
  var description: String
}

extension NestedNumbers {
  /// The same lists in JSON.
  var json: JSONValue {
    switch self {
    case .number(let value): .number(value)
    case .list(let parts): .array(parts.map(\.json))
    }
  }
}
