// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A page of the rows service: rows as the bytes they came in, so that order of columns and digits of
/// numbers stay.
struct RowsPage {
  /// One row.
  struct Row: Equatable {
    /// Its place in the split, from 0.
    var index: Int
    /// The row as a JSON object on one line.
    var json: [UInt8]
    /// Whether the service left out the ends of long cells.
    var isCut: Bool
  }

  var rows: [Row] = []
  /// Rows of the split in all.
  var total = 0
  /// Whether the service has only the first rows of a large split.
  var isPartial = false

  /// Reads a page.
  ///
  /// - Throws: ``HubError/malformed(what:)``.
  init(_ data: Data) throws {
    var scanner = JSONScanner(Array(data))
    try scanner.object { scanner, key in
      switch key {
      case "rows":
        try scanner.list { scanner in rows.append(try Self.row(&scanner)) }
      case "num_rows_total": total = Int(try scanner.text()) ?? 0
      case "partial": isPartial = try scanner.text() == "true"
      default: try scanner.skip()
      }
    }
  }

  private static func row(_ scanner: inout JSONScanner) throws -> Row {
    var row = Row(index: -1, json: [], isCut: false)
    try scanner.object { scanner, key in
      switch key {
      case "row_idx": row.index = Int(try scanner.text()) ?? -1
      case "row": row.json = try scanner.line()
      case "truncated_cells":
        try scanner.list {
          row.isCut = true; try $0.skip()
        }
      default: try scanner.skip()
      }
    }
    guard row.json.first == UInt8(ascii: "{") else { throw JSONScanner.broken }
    return row
  }
}

/// Steps through JSON without building values.
struct JSONScanner {
  static let broken = HubError.malformed(what: "a page of rows is not the JSON that was expected")

  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Calls `body` before each value of the object that comes next; `body` must pass over the value.
  mutating func object(_ body: (inout JSONScanner, String) throws -> Void) throws {
    try elements(open: "{", close: "}") { scanner in
      let start = scanner.place
      try scanner.string()
      let key = String(
        decoding: scanner.bytes[start..<scanner.place].dropFirst().dropLast(), as: UTF8.self)
      try scanner.expect(":")
      try body(&scanner, key)
    }
  }

  /// Calls `body` before each element of the list that comes next; `body` must pass over the element.
  mutating func list(_ body: (inout JSONScanner) throws -> Void) throws {
    try elements(open: "[", close: "]", body)
  }

  /// Passes over a value.
  mutating func skip() throws { _ = try value() }

  /// A number or a word as text.
  mutating func text() throws -> String { String(decoding: try value(), as: UTF8.self) }

  /// A value on one line: a line end can stand between tokens only, where a blank does as well.
  mutating func line() throws -> [UInt8] {
    try value().map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
  }

  private mutating func elements(
    open: Unicode.Scalar, close: Unicode.Scalar, _ body: (inout JSONScanner) throws -> Void
  ) throws {
    try expect(open)
    if peek() == UInt8(ascii: close) { return place += 1 }
    while true {
      _ = peek()
      try body(&self)
      if peek() == UInt8(ascii: close) { return place += 1 }
      try expect(",")
    }
  }

  /// The next byte that is no blank.
  private mutating func peek() -> UInt8? {
    while place < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
    return place < bytes.count ? bytes[place] : nil
  }

  private mutating func expect(_ scalar: Unicode.Scalar) throws {
    guard peek() == UInt8(ascii: scalar) else { throw Self.broken }
    place += 1
  }

  /// The bytes of the value that comes next.
  private mutating func value() throws -> ArraySlice<UInt8> {
    guard let first = peek() else { throw Self.broken }
    let start = place
    switch first {
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "{"), UInt8(ascii: "["): try nested()
    default:
      while place < bytes.count, !",]} \t\r\n".utf8.contains(bytes[place]) { place += 1 }
      guard place > start else { throw Self.broken }
    }
    return bytes[start..<place]
  }

  private mutating func nested() throws {
    var depth = 0
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "\""):
        try string()
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      default: break
      }
      place += 1
      if depth == 0 { return }
    }
    throw Self.broken
  }

  private mutating func string() throws {
    guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else { throw Self.broken }
    place += 1
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "\\"): place += 2
      case UInt8(ascii: "\""): return place += 1
      default: place += 1
      }
    }
    throw Self.broken
  }
}
