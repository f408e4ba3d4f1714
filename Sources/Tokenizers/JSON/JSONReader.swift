// SPDX-License-Identifier: Apache-2.0

/// Reads JSON text (RFC 8259) into ``JSONValue``; errors carry line and column.
struct JSONReader {
  /// Deeper nesting than any tokenizer file has; stops hostile input from exhausting the stack.
  private static let depthLimit = 256

  private let bytes: [UInt8]
  private let file: String
  private var place = 0
  private var depth = 0

  private init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  /// Parses one whole document.
  ///
  /// - Parameters:
  ///   - bytes: UTF-8 text, with or without a byte order mark.
  ///   - file: the name that errors show.
  /// - Returns: the document's root.
  /// - Throws: ``TokenizerError/brokenJSON(file:line:column:reason:)``.
  static func parse(_ bytes: [UInt8], file: String) throws -> JSONValue {
    var reader = JSONReader(bytes: bytes, file: file)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.place = 3 }
    reader.skipSpace()
    let value = try reader.value()
    reader.skipSpace()
    if reader.place < bytes.count { throw reader.broken("text after the end of the document") }
    return value
  }

  private mutating func value() throws -> JSONValue {
    guard place < bytes.count else { throw broken("the text ends where a value should begin") }
    switch bytes[place] {
    case UInt8(ascii: "{"): return try nested { try $0.object() }
    case UInt8(ascii: "["): return try nested { try $0.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  private mutating func nested(
    _ body: (inout JSONReader) throws -> JSONValue
  ) throws -> JSONValue {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.depthLimit { throw broken("nested more than \(Self.depthLimit) levels deep") }
    return try body(&self)
  }

  private mutating func object() throws -> JSONValue {
    place += 1
    skipSpace()
    var members: [JSONMember] = []
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else {
        throw broken("expected a member name in double quotes")
      }
      let name = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw broken("expected ':' after a member name") }
      skipSpace()
      members.append(JSONMember(name, try value()))
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { throw broken("expected ',' or '}' in an object") }
    }
  }

  private mutating func array() throws -> JSONValue {
    place += 1
    skipSpace()
    var elements: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      skipSpace()
      elements.append(try value())
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw broken("expected ',' or ']' in a list") }
    }
  }

  private mutating func literal(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
    let end = place + word.utf8CodeUnitCount
    let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard end <= bytes.count, bytes[place..<end].elementsEqual(expected) else {
      throw broken("expected a value")
    }
    place = end
    return value
  }

  private mutating func number() throws -> JSONValue {
    let start = place
    var isInteger = true
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
      case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
        isInteger = false
      default:
        return try number(start: start, isInteger: isInteger)
      }
      place += 1
    }
    return try number(start: start, isInteger: isInteger)
  }

  private func number(start: Int, isInteger: Bool) throws -> JSONValue {
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    if isInteger, let value = Int(text) { return .integer(value) }
    guard let value = Double(text) else {
      throw broken(text.isEmpty ? "expected a value" : "'\(text)' is not a number")
    }
    return .number(value)
  }

  private mutating func string() throws -> String {
    place += 1
    let start = place
    while place < bytes.count, bytes[place] >= 0x20, bytes[place] != UInt8(ascii: "\\") {
      if bytes[place] == UInt8(ascii: "\"") {
        guard let text = String(validating: bytes[start..<place], as: UTF8.self) else {
          throw broken("a string is not valid UTF-8")
        }
        place += 1
        return text
      }
      place += 1
    }
    return try stringWithEscapes(start: start)
  }

  private mutating func stringWithEscapes(start: Int) throws -> String {
    var text = Array(bytes[start..<place])
    while place < bytes.count {
      let byte = bytes[place]
      if byte < 0x20 { throw broken("a control character inside a string must be escaped") }
      place += 1
      if byte == UInt8(ascii: "\"") {
        guard let text = String(validating: text, as: UTF8.self) else {
          throw broken("a string is not valid UTF-8")
        }
        return text
      }
      if byte == UInt8(ascii: "\\") {
        try appendEscape(to: &text)
      } else {
        text.append(byte)
      }
    }
    throw broken("a string without its closing quote")
  }

  private mutating func appendEscape(to text: inout [UInt8]) throws {
    guard place < bytes.count else { throw broken("a string without its closing quote") }
    let byte = bytes[place]
    place += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: String(try escapedScalar()).utf8)
    default: throw broken("unknown escape '\\\(Character(Unicode.Scalar(byte)))'")
    }
  }

  private mutating func escapedScalar() throws -> Character {
    var code = try fourHexDigits()
    if (0xD800..<0xDC00).contains(code) {
      guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
        throw broken("half of a surrogate pair")
      }
      let low = try fourHexDigits()
      guard (0xDC00..<0xE000).contains(low) else { throw broken("half of a surrogate pair") }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw broken("half of a surrogate pair") }
    return Character(scalar)
  }

  private mutating func fourHexDigits() throws -> UInt32 {
    guard place + 4 <= bytes.count else { throw broken("expected four hexadecimal digits") }
    let digits = String(decoding: bytes[place..<place + 4], as: UTF8.self)
    guard digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let code = UInt32(digits, radix: 16)
    else { throw broken("expected four hexadecimal digits") }
    place += 4
    return code
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard place < bytes.count, bytes[place] == byte else { return false }
    place += 1
    return true
  }

  private mutating func skipSpace() {
    while place < bytes.count {
      switch bytes[place] {
      case 0x20, 0x0A, 0x0D, 0x09: place += 1
      default: return
      }
    }
  }

  private func broken(_ reason: String) -> TokenizerError {
    var line = 1
    var column = 1
    for byte in bytes[..<min(place, bytes.count)] {
      if byte == 0x0A {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return .brokenJSON(file: file, line: line, column: column, reason: reason)
  }
}
