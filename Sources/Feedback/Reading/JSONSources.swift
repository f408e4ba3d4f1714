// SPDX-License-Identifier: Apache-2.0

/// One JSON object a line; blank lines are passed over.
final class JSONLinesSource: RowSource {
  private let reader: ByteReader
  private var text: [UInt8] = []

  init(_ reader: ByteReader) { self.reader = reader }

  func next() throws(FeedbackError) -> Row? {
    while true {
      let place = Provenance(file: reader.file, line: reader.line)
      guard try reader.readLine(into: &text) else { return nil }
      if text.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
      return try parseRow(text, at: place, isLine: true)
    }
  }
}

/// A JSON list of objects, read element by element.
final class JSONListSource: RowSource {
  private let reader: ByteReader
  private var text: [UInt8] = []
  private var rowCount = 0
  private var isFinished = false

  init(_ reader: ByteReader) { self.reader = reader }

  /// Whether the file begins with `[`; passes over blanks before it.
  static func isList(_ reader: ByteReader) throws(FeedbackError) -> Bool {
    try skipBlanks(reader)
    return try reader.peek() == UInt8(ascii: "[")
  }

  func next() throws(FeedbackError) -> Row? {
    guard !isFinished else { return nil }
    if rowCount == 0 {
      _ = try reader.next()
      try Self.skipBlanks(reader)
      if try reader.peek() == UInt8(ascii: "]") { return try finish() }
    } else {
      try Self.skipBlanks(reader)
      switch try reader.peek() {
      case UInt8(ascii: ","):
        _ = try reader.next()
        try Self.skipBlanks(reader)
        if try reader.peek() == UInt8(ascii: "]") {
          throw syntax("a comma before ']'; remove the comma")
        }
      case UInt8(ascii: "]"): return try finish()
      case nil: throw syntax("the file ends inside the list; was it written whole?")
      default: throw syntax("expected ',' or ']' after row \(rowCount)")
      }
    }
    let place = Provenance(file: reader.file, line: reader.line)
    try takeElement()
    rowCount += 1
    return try parseRow(text, at: place, isLine: false)
  }

  private func finish() throws(FeedbackError) -> Row? {
    isFinished = true
    _ = try reader.next()
    try Self.skipBlanks(reader)
    if try reader.peek() != nil { throw syntax("expected the end after the list") }
    return nil
  }

  /// Collects the bytes of one element: up to a comma or bracket that belongs to the list.
  private func takeElement() throws(FeedbackError) {
    text.removeAll(keepingCapacity: true)
    var depth = 0
    var isInString = false
    while let byte = try reader.peek() {
      if isInString {
        if byte == UInt8(ascii: "\\") {
          text.append(byte)
          _ = try reader.next()
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
      } else {
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: ","), UInt8(ascii: "]"):
          if depth == 0 { return }
          if byte == UInt8(ascii: "]") { depth -= 1 }
        case UInt8(ascii: "}"):
          depth -= 1
          if depth < 0 { throw syntax("a '}' without its '{'") }
        default: break
        }
      }
      guard let taken = try reader.next() else { break }
      text.append(taken)
    }
  }

  private static func skipBlanks(_ reader: ByteReader) throws(FeedbackError) {
    while let byte = try reader.peek(), [0x20, 0x09, 0x0A, 0x0D].contains(byte) {
      _ = try reader.next()
    }
  }

  private func syntax(_ reason: String) -> FeedbackError {
    .syntax(at: Provenance(file: reader.file, line: reader.line), column: 1, reason: reason)
  }
}

/// Parses the text of one row and moves the place of an error to the file's lines.
private func parseRow(_ text: [UInt8], at place: Provenance, isLine: Bool) throws(FeedbackError)
  -> Row
{
  do throws(JSONSyntaxError) {
    let value = try JSONValue(parsing: text)
    if let columns = value.object { return Row(columns: columns, provenance: place) }
    throw JSONSyntaxError(
      line: 1, column: 1, reason: "a row is an object {\"column\": value}, found \(value.kind)")
  } catch {
    var reason = error.reason
    if isLine, text.last == UInt8(ascii: "{") || text.last == UInt8(ascii: "["),
      reason.hasPrefix("the line ends")
    {
      reason += "; each row must stand on one line of its own"
    }
    throw .syntax(
      at: Provenance(file: place.file, line: place.line + error.line - 1), column: error.column,
      reason: reason)
  }
}
