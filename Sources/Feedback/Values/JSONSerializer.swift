// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
  /// The value as JSON text on one line, keys in their order, non-ASCII characters as themselves.
  ///
  /// The separators are `", "` and `": "`, so rows read like those of Python's `json.dumps`.
  /// JSON has no NaN and no infinity: a ``JSONValue/number(_:)`` that is not finite becomes `null`
  /// here, while ``JSONLinesWriter`` refuses it.
  public func serialized() -> String {
    var serializer = JSONSerializer()
    serializer.append(self)
    return String(decoding: serializer.bytes, as: UTF8.self)
  }
}

/// Appends values to one growing buffer.
struct JSONSerializer {
  var bytes: [UInt8] = []
  /// Numbers that JSON cannot hold, met since the start.
  private(set) var nonFiniteCount = 0

  mutating func append(_ value: JSONValue) {
    switch value {
    case .null: append(ascii: "null")
    case .bool(let value): append(ascii: value ? "true" : "false")
    case .integer(let value): bytes.append(contentsOf: String(value).utf8)
    case .bigInteger(let digits): bytes.append(contentsOf: digits.utf8)
    case .number(let value): append(value)
    case .string(let text): append(quoting: text)
    case .array(let values): append(values)
    case .object(let members): append(members)
    }
  }

  mutating func append(_ members: JSONObject) {
    bytes.append(UInt8(ascii: "{"))
    var isFirst = true
    for (key, value) in members {
      if !isFirst { append(ascii: ", ") }
      isFirst = false
      append(quoting: key)
      append(ascii: ": ")
      append(value)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func append(_ values: [JSONValue]) {
    bytes.append(UInt8(ascii: "["))
    var isFirst = true
    for value in values {
      if !isFirst { append(ascii: ", ") }
      isFirst = false
      append(value)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func append(_ value: Double) {
    guard value.isFinite else {
      nonFiniteCount += 1
      return append(ascii: "null")
    }
    // Swift prints the shortest digits that read back to the same number.
    bytes.append(contentsOf: value.description.utf8)
  }

  private mutating func append(quoting text: String) {
    var text = text
    bytes.append(UInt8(ascii: "\""))
    text.withUTF8 { utf8 in
      var runStart = 0
      for position in 0..<utf8.count {
        let byte = utf8[position]
        guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
          continue
        }
        bytes.append(contentsOf: utf8[runStart..<position])
        append(escaping: byte)
        runStart = position + 1
      }
      bytes.append(contentsOf: utf8[runStart...])
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func append(escaping byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append(ascii: "\\\"")
    case UInt8(ascii: "\\"): append(ascii: "\\\\")
    case 0x0A: append(ascii: "\\n")
    case 0x0D: append(ascii: "\\r")
    case 0x09: append(ascii: "\\t")
    default:
      append(ascii: byte < 0x10 ? "\\u000" : "\\u00")
      bytes.append(contentsOf: String(byte, radix: 16).utf8)
    }
  }

  private mutating func append(ascii text: StaticString) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
