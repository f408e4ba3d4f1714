// SPDX-License-Identifier: Apache-2.0

/// The escapes of a string between quotes, as Python's `unicode-escape` reads them.
enum StringLiteral {
  /// The text that a literal stands for.
  ///
  /// - Throws: ``TemplateFailure`` for an escape that is cut short or names no character.
  static func decode(_ literal: ArraySlice<Unicode.Scalar>) throws -> String {
    guard literal.contains("\\") else { return String(scalars: literal) }
    let characters = asciiOnly(literal)
    var text = String.UnicodeScalarView()
    var at = 0
    while at < characters.count {
      guard characters[at] == "\\", at + 1 < characters.count else {
        text.append(characters[at])
        at += 1
        continue
      }
      at = try appendEscape(characters, at + 1, to: &text)
    }
    return String(text)
  }

  /// Writes what is not ASCII as escapes. Jinja does so before it reads escapes, which shows where
  /// a backslash stands before such a character.
  private static func asciiOnly(_ literal: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
    literal.flatMap { scalar -> [Unicode.Scalar] in
      guard scalar.value > 0x7F else { return [scalar] }
      let hex = String(scalar.value, radix: 16)
      let (letter, width) =
        scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
      let padded = String(repeating: "0", count: width - hex.count) + hex
      return Array(("\\" + letter + padded).unicodeScalars)
    }
  }

  private static let simple: [Unicode.Scalar: Unicode.Scalar] = [
    "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}", "f": "\u{C}", "n": "\n",
    "r": "\r", "t": "\t", "v": "\u{B}",
  ]

  /// Reads the escape whose letter stands at `at`; returns where the text goes on.
  private static func appendEscape(
    _ characters: [Unicode.Scalar], _ at: Int, to text: inout String.UnicodeScalarView
  ) throws -> Int {
    let letter = characters[at]
    if let plain = simple[letter] {
      text.append(plain)
      return at + 1
    }
    switch letter {
    case "\n":
      return at + 1
    case "x": return try appendHex(characters, at, width: 2, to: &text)
    case "u": return try appendHex(characters, at, width: 4, to: &text)
    case "U": return try appendHex(characters, at, width: 8, to: &text)
    case "N": throw TemplateFailure("characters by name (\\N) are not supported; write \\u")
    case "0"..."7":
      let digits = characters[at...].prefix(3).prefix { ("0"..."7").contains($0) }
      text.append(try scalar(UInt32(String(scalars: digits), radix: 8)))
      return at + digits.count
    default:
      text.append("\\")
      text.append(letter)
      return at + 1
    }
  }

  private static func appendHex(
    _ characters: [Unicode.Scalar], _ at: Int, width: Int, to text: inout String.UnicodeScalarView
  ) throws -> Int {
    let digits = characters[(at + 1)...].prefix(width)
    guard digits.count == width, digits.allSatisfy({ $0.properties.isASCIIHexDigit }) else {
      throw TemplateFailure("the escape \\\(characters[at]) needs \(width) hexadecimal digits")
    }
    text.append(try scalar(UInt32(String(scalars: digits), radix: 16)))
    return at + 1 + width
  }

  private static func scalar(_ code: UInt32?) throws -> Unicode.Scalar {
    guard let code, let scalar = Unicode.Scalar(code) else {
      throw TemplateFailure("an escape stands for no character, or for half of a surrogate pair")
    }
    return scalar
  }
}
