// SPDX-License-Identifier: Apache-2.0

/// Text that is not JSON: where it breaks, counted from 1, and why.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Line within the parsed text, from 1.
  public let line: Int
  /// Unicode scalar within the line, from 1.
  public let column: Int
  /// What is wrong, in words.
  public let reason: String

  /// `line 3, column 17: expected ',' or '}' after a value, found 'x'`
  public var description: String { "line \(line), column \(column): \(reason)" }
}

extension JSONValue {
  /// Parses one JSON text.
  ///
  /// - Parameter text: one value, with blanks around it at most.
  /// - Throws: ``JSONSyntaxError`` with the place and the reason.
  public init(parsing text: String) throws(JSONSyntaxError) {
    try self.init(parsing: Array(text.utf8))
  }

  /// Parses one JSON text given as UTF-8 bytes.
  ///
  /// Stricter than many readers where leniency would lose data: a key that stands twice in one
  /// object, `NaN`, a lone surrogate and bytes that are not UTF-8 are errors.
  ///
  /// - Parameter bytes: one value, with blanks around it at most.
  /// - Throws: ``JSONSyntaxError`` with the place and the reason.
  public init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<JSONValue, JSONSyntaxError> in
      var parser = JSONParser(buffer)
      do throws(JSONParser.Failure) {
        return .success(try parser.parseDocument())
      } catch {
        return .failure(JSONParser.locate(error, in: buffer))
      }
    }
    self = try result.get()
  }
}

/// A recursive-descent parser over bytes; objects and lists at most `depthLimit` deep.
struct JSONParser {
  struct Failure: Error {
    let offset: Int
    let reason: String
  }

  static let depthLimit = 256
  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0
  private var depth = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func parseDocument() throws(Failure) -> JSONValue {
    skipBlanks()
    guard position < bytes.count else { throw fail("expected a JSON value, found nothing") }
    let value = try parseValue()
    skipBlanks()
    guard position == bytes.count else {
      throw fail("expected the end after one JSON value, found \(found())")
    }
    return value
  }

  private mutating func parseValue() throws(Failure) -> JSONValue {
    guard position < bytes.count else { throw fail("the text ends where a value should stand") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object(try parseObject())
    case UInt8(ascii: "["): return .array(try parseArray())
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
    default: return try parseWord()
    }
  }

  private mutating func parseObject() throws(Failure) -> JSONObject {
    let start = position
    try descend()
    defer { depth -= 1 }
    var object = JSONObject()
    skipBlanks()
    if take("}") { return object }
    while true {
      skipBlanks()
      let keyStart = position
      guard position < bytes.count else { throw unfinished("object", start) }
      guard bytes[position] == UInt8(ascii: "\"") else {
        throw fail(
          found() == "'}'"
            ? "a comma before '}'; remove the comma"
            : "expected a key in double quotes, found \(found())")
      }
      let key = try parseString()
      skipBlanks()
      guard take(":") else {
        if position >= bytes.count { throw unfinished("object", start) }
        throw fail("expected ':' after the key \"\(key)\", found \(found())")
      }
      skipBlanks()
      if position >= bytes.count { throw unfinished("object", start) }
      guard object.appendIfNew(key, try parseValue()) else {
        throw Failure(offset: keyStart, reason: "the key \"\(key)\" stands twice in one object")
      }
      skipBlanks()
      if take(",") { continue }
      if take("}") { break }
      if position >= bytes.count { throw unfinished("object", start) }
      throw fail("expected ',' or '}' after a value, found \(found())")
    }
    return object
  }

  private mutating func parseArray() throws(Failure) -> [JSONValue] {
    let start = position
    try descend()
    defer { depth -= 1 }
    var values: [JSONValue] = []
    skipBlanks()
    if take("]") { return values }
    while true {
      skipBlanks()
      if position >= bytes.count { throw unfinished("array", start) }
      if found() == "']'" { throw fail("a comma before ']'; remove the comma") }
      values.append(try parseValue())
      skipBlanks()
      if take(",") { continue }
      if take("]") { break }
      if position >= bytes.count { throw unfinished("array", start) }
      throw fail("expected ',' or ']' after a value, found \(found())")
    }
    return values
  }

  private mutating func parseNumber() throws(Failure) -> JSONValue {
    let start = position
    _ = take("-")
    let digits = position
    guard skipDigits() else { throw fail("expected a digit, found \(found())") }
    if bytes[digits] == UInt8(ascii: "0"), position - digits > 1 {
      throw Failure(offset: digits, reason: "a number may not begin with 0")
    }
    var isInteger = true
    if take(".") {
      isInteger = false
      guard skipDigits() else { throw fail("expected a digit after '.', found \(found())") }
    }
    if take("e") || take("E") {
      isInteger = false
      if !take("+") { _ = take("-") }
      guard skipDigits() else { throw fail("expected a digit in the exponent, found \(found())") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger { return Int(text).map(JSONValue.integer) ?? .bigInteger(text) }
    guard let value = Double(text), value.isFinite else {
      throw Failure(offset: start, reason: "the number \(text) is too large")
    }
    return .number(value)
  }

  private mutating func parseWord() throws(Failure) -> JSONValue {
    let start = position
    while position < bytes.count, isLetter(bytes[position]) { position += 1 }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    switch word {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "null": return .null
    default: break
    }
    position = start
    switch word {
    case "True", "False", "None":
      throw fail(
        "\(word) is Python, not JSON; write \(word == "None" ? "null" : word.lowercased())")
    case "NaN", "Infinity", "nan", "inf":
      throw fail("\(word) is no JSON number; write null or leave the field out")
    case "":
      let hint = found() == "\"'\"" ? "; strings stand in double quotes" : ""
      throw fail("expected a value, found \(found())\(hint)")
    default:
      throw fail("expected a value, found \(word)")
    }
  }

  // MARK: small steps

  mutating func skipBlanks() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func descend() throws(Failure) {
    depth += 1
    guard depth <= Self.depthLimit else { throw fail("nested deeper than \(Self.depthLimit)") }
    position += 1
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: scalar) else { return false }
    position += 1
    return true
  }

  private mutating func skipDigits() -> Bool {
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    return position > start
  }

  private func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private func unfinished(_ what: String, _ start: Int) -> Failure {
    guard !bytes.contains(0x0A) else { return fail("the text ends inside an \(what) never closed") }
    let place = Self.locate(Failure(offset: start, reason: ""), in: bytes)
    return fail("the line ends inside the \(what) that begins at column \(place.column)")
  }

  func fail(_ reason: String) -> Failure { Failure(offset: position, reason: reason) }

  /// What stands at the current place, for a message.
  func found() -> String {
    guard position < bytes.count else { return "the end" }
    let tail = bytes[position..<min(bytes.count, position + 4)]
    guard let scalar = String(decoding: tail, as: UTF8.self).unicodeScalars.first else {
      return "nothing"
    }
    switch scalar {
    case "\n", "\r": return "the end of the line"
    case "\t": return "a tab"
    case "'": return "\"'\""
    case "\u{FFFD}": return "the byte \(hex(bytes[position]))"
    default: return "'\(Character(scalar))'"
    }
  }

  /// Turns a byte offset into line and column.
  static func locate(_ failure: Failure, in bytes: UnsafeBufferPointer<UInt8>) -> JSONSyntaxError {
    var line = 1
    var column = 1
    for byte in bytes[..<min(failure.offset, bytes.count)] {
      if byte == 0x0A {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return JSONSyntaxError(line: line, column: column, reason: failure.reason)
  }
}

/// `0xE9`, as messages show a byte.
func hex(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 16, uppercase: true)
  return "0x" + (digits.count == 1 ? "0" + digits : digits)
}
