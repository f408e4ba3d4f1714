// SPDX-License-Identifier: Apache-2.0

extension JSONParser {
  /// Parses a string; `position` stands on its opening quote.
  mutating func parseString() throws(Failure) -> String {
    let start = position
    position += 1
    let textStart = position
    // Nearly all strings hold no escape: one scan and one copy.
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        let text = try decode(bytes[textStart..<position])
        position += 1
        return text
      }
      if byte == UInt8(ascii: "\\") { return try parseEscaped(from: textStart, opening: start) }
      guard byte >= 0x20 else { throw controlCharacter(byte, opening: start) }
      position += 1
    }
    throw endsInString(start)
  }

  private mutating func parseEscaped(from textStart: Int, opening: Int) throws(Failure) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((position - textStart) * 2)
    var runStart = textStart
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        text.append(contentsOf: bytes[runStart..<position])
        position += 1
        return try decode(text[...], at: textStart)
      case UInt8(ascii: "\\"):
        text.append(contentsOf: bytes[runStart..<position])
        try parseEscape(into: &text)
        runStart = position
      case 0x20...:
        position += 1
      default:
        throw controlCharacter(byte, opening: opening)
      }
    }
    throw endsInString(opening)
  }

  private mutating func parseEscape(into text: inout [UInt8]) throws(Failure) {
    guard position + 1 < bytes.count else { throw fail("the text ends after '\\'") }
    let letter = bytes[position + 1]
    switch letter {
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "u"): return try parseUnicodeEscape(into: &text)
    default:
      let shown = letter < 0x80 ? String(UnicodeScalar(letter)) : hex(letter)
      throw fail("\\\(shown) is no JSON escape; write \\\\ for a backslash")
    }
    position += 2
  }

  private mutating func parseUnicodeEscape(into text: inout [UInt8]) throws(Failure) {
    let start = position
    var code = try parseHexDigits()
    if (0xD800..<0xDC00).contains(code) {
      guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
        bytes[position + 1] == UInt8(ascii: "u")
      else { throw loneSurrogate(start) }
      let low = try parseHexDigits()
      guard (0xDC00..<0xE000).contains(low) else { throw loneSurrogate(start) }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw loneSurrogate(start) }
    text.append(contentsOf: String(Character(scalar)).utf8)
  }

  /// Reads `\uXXXX`; `position` stands on the backslash.
  private mutating func parseHexDigits() throws(Failure) -> UInt32 {
    guard position + 6 <= bytes.count else { throw fail("\\u needs four hexadecimal digits") }
    var code: UInt32 = 0
    for byte in bytes[position + 2..<position + 6] {
      guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw fail("\\u needs four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
    }
    position += 6
    return code
  }

  private func decode(_ slice: Slice<UnsafeBufferPointer<UInt8>>) throws(Failure) -> String {
    let text = String(validating: UnsafeBufferPointer(rebasing: slice), as: UTF8.self)
    if let text { return text }
    throw invalidUTF8(slice, at: slice.startIndex)
  }

  private func decode(_ slice: ArraySlice<UInt8>, at offset: Int) throws(Failure) -> String {
    if let text = String(validating: slice, as: UTF8.self) { return text }
    throw invalidUTF8(slice, at: offset)
  }

  /// Points at the first byte that is not UTF-8 (for escaped text: at the string's start).
  private func invalidUTF8(_ text: some Collection<UInt8>, at offset: Int) -> Failure {
    var decoder = UTF8()
    var bytes = text.makeIterator()
    var good = 0
    while case .scalarValue(let scalar) = decoder.decode(&bytes) {
      good += UTF8.width(scalar)
    }
    let bad = text.dropFirst(good).first ?? 0
    return Failure(
      offset: text is Slice<UnsafeBufferPointer<UInt8>> ? offset + good : offset,
      reason: "the byte \(hex(bad)) is not UTF-8; "
        + "convert the file, for example: iconv -f latin1 -t utf-8")
  }

  private func loneSurrogate(_ start: Int) -> Failure {
    Failure(offset: start, reason: "half of a surrogate pair, which stands for no character")
  }

  private func controlCharacter(_ byte: UInt8, opening: Int) -> Failure {
    if byte == 0x0A || byte == 0x0D { return endsInString(opening) }
    return fail("the control character \(hex(byte)) in a string; write it as an escape such as \\t")
  }

  private func endsInString(_ opening: Int) -> Failure {
    let place = Self.locate(Failure(offset: opening, reason: ""), in: bytes)
    return fail("the line ends inside the string that begins at column \(place.column)")
  }
}

extension UTF8 {
  /// Bytes of `scalar` in UTF-8.
  fileprivate static func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case ..<0x80: 1
    case ..<0x800: 2
    case ..<0x10000: 3
    default: 4
    }
  }
}
