// SPDX-License-Identifier: Apache-2.0

/// Writes ``JSONValue`` as UTF-8 text.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []
  private let isPretty: Bool
  private let sortsNames: Bool

  private init(isPretty: Bool, sortsNames: Bool) {
    self.isPretty = isPretty
    self.sortsNames = sortsNames
  }

  /// Two-space indented text with a final newline, members in their own order.
  static func pretty(_ value: JSONValue) -> [UInt8] {
    var writer = JSONWriter(isPretty: true, sortsNames: false)
    writer.write(value, indent: 0)
    writer.bytes.append(0x0A)
    return writer.bytes
  }

  /// Text without spaces and with members sorted by the bytes of their names: equal values give
  /// equal bytes, whatever file they came from.
  static func canonical(_ value: JSONValue) -> [UInt8] {
    var writer = JSONWriter(isPretty: false, sortsNames: true)
    writer.write(value, indent: 0)
    return writer.bytes
  }

  private mutating func write(_ value: JSONValue, indent: Int) {
    switch value {
    case .null: append("null")
    case .bool(let flag): append(flag ? "true" : "false")
    case .integer(let number): append(String(number))
    case .number(let number): append(number.isFinite ? String(number) : "null")
    case .string(let text): write(string: text)
    case .array(let elements): write(elements: elements, indent: indent)
    case .object(let members): write(members: members, indent: indent)
    }
  }

  private mutating func write(elements: [JSONValue], indent: Int) {
    append("[")
    // A merge is a list of two strings: one line each keeps the file readable.
    let isShort =
      elements.count <= 2 && elements.allSatisfy { if case .string = $0 { true } else { false } }
    for (index, element) in elements.enumerated() {
      if index > 0 { append(isShort && isPretty ? ", " : ",") }
      if !isShort { newline(indent + 1) }
      write(element, indent: indent + 1)
    }
    if !isShort { newline(indent) }
    append("]")
  }

  private mutating func write(members: [JSONMember], indent: Int) {
    append("{")
    let ordered =
      sortsNames
      ? members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } : members
    for (index, member) in ordered.enumerated() {
      if index > 0 { append(",") }
      newline(indent + 1)
      write(string: member.name)
      append(isPretty ? ": " : ":")
      write(member.value, indent: indent + 1)
    }
    if !members.isEmpty { newline(indent) }
    append("}")
  }

  private mutating func write(string: String) {
    let hex = Array("0123456789abcdef".utf8)
    append("\"")
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x0A: append("\\n")
      case 0x0D: append("\\r")
      case 0x09: append("\\t")
      case 0..<0x20, 0x7F:
        append("\\u00")
        bytes.append(hex[Int(byte >> 4)])
        bytes.append(hex[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    append("\"")
  }

  private mutating func newline(_ indent: Int) {
    guard isPretty else { return }
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: indent * 2))
  }

  private mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }
}
