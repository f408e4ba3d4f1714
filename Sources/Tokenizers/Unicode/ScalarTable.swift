// SPDX-License-Identifier: Apache-2.0

/// A small number for each Unicode scalar, in pages of 256 of which equal ones are kept once.
struct ScalarTable<Value: FixedWidthInteger & Sendable>: Sendable {
  private let pages: [UInt16]
  private let values: [Value]

  /// Makes the table from a number for each of the 0x110000 code points.
  init(_ flat: [Value]) {
    var pages: [UInt16] = []
    var values: [Value] = []
    var known: [[Value]: UInt16] = [:]
    for start in stride(from: 0, to: flat.count, by: 256) {
      let page = Array(flat[start..<start + 256])
      if let index = known[page] {
        pages.append(index)
      } else {
        let index = UInt16(values.count / 256)
        known[page] = index
        pages.append(index)
        values += page
      }
    }
    self.pages = pages
    self.values = values
  }

  /// The number of a scalar value, which must be below 0x110000.
  @inline(__always)
  subscript(scalar: UInt32) -> Value {
    values[Int(pages[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)]
  }
}

/// Reads the texts of ``UnicodeTables``.
enum TableText {
  static let codePointCount = 0x11_0000

  /// The fields between spaces.
  static func fields(_ text: StaticString) -> [Substring.UTF8View] {
    let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    return String(decoding: bytes, as: UTF8.self)[...].utf8.split(separator: UInt8(ascii: " "))
  }

  /// The ranges of a set written as lengths of alternating runs.
  static func ranges(_ text: StaticString) -> [ClosedRange<UInt32>] {
    var ranges: [ClosedRange<UInt32>] = []
    var start: UInt32 = 0
    var isInside = false
    for field in fields(text) {
      let end = start + number(field)
      if isInside, end > start { ranges.append(start...end - 1) }
      start = end
      isInside.toggle()
    }
    return ranges
  }

  /// Calls `body` with each run of `length value` pairs.
  static func forEachRun(
    _ text: StaticString, _ body: (Range<Int>, Substring.UTF8View) -> Void
  ) {
    var start = 0
    let fields = fields(text)
    for index in stride(from: 0, to: fields.count - 1, by: 2) {
      let end = start + Int(number(fields[index]))
      body(start..<end, fields[index + 1])
      start = end
    }
  }

  /// Calls `body` with both sides of each `left=right` field, numbers in hexadecimal.
  static func forEachMapping(_ text: StaticString, _ body: ([UInt32], [UInt32]) -> Void) {
    for field in fields(text) {
      let sides = field.split(separator: UInt8(ascii: "=")).map { side in
        side.split(separator: UInt8(ascii: ",")).map { number($0, radix: 16) }
      }
      if sides.count == 2 { body(sides[0], sides[1]) }
    }
  }

  static func number(_ field: Substring.UTF8View, radix: Int = 10) -> UInt32 {
    UInt32(Substring(field), radix: radix) ?? 0
  }
}
