// SPDX-License-Identifier: Apache-2.0

/// What Python does with texts, scalar by scalar.
enum PythonText {
  // MARK: Letter case

  static func upper(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { $0 += $1.properties.uppercaseMapping }
  }

  static func lower(_ text: String) -> String {
    guard text.unicodeScalars.contains("Σ") else {
      return text.unicodeScalars.reduce(into: "") { $0 += $1.properties.lowercaseMapping }
    }
    let scalars = Array(text.unicodeScalars)
    return scalars.indices.reduce(into: "") { $0 += lowered(scalars, $1) }
  }

  /// The small letter of one scalar; a sigma at the end of a word has a form of its own.
  private static func lowered(_ scalars: [Unicode.Scalar], _ index: Int) -> String {
    guard scalars[index] == "Σ" else { return scalars[index].properties.lowercaseMapping }
    let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
    let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
    return before?.properties.isCased == true && after?.properties.isCased != true ? "ς" : "σ"
  }

  static func capitalized(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    guard let first = scalars.first else { return "" }
    return scalars.indices.dropFirst().reduce(into: first.properties.titlecaseMapping) {
      $0 += lowered(scalars, $1)
    }
  }

  static func title(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var isInWord = false
    var result = ""
    for index in scalars.indices {
      result += isInWord ? lowered(scalars, index) : scalars[index].properties.titlecaseMapping
      isInWord = scalars[index].properties.isCased
    }
    return result
  }

  static func swappedCase(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    return scalars.indices.reduce(into: "") { result, index in
      let properties = scalars[index].properties
      result +=
        properties.isUppercase
        ? lowered(scalars, index)
        : properties.isLowercase ? properties.uppercaseMapping : String(scalars[index])
    }
  }

  static func isLower(_ text: String) -> Bool {
    !text.unicodeScalars.contains { $0.properties.isUppercase || isTitle($0) }
      && text.unicodeScalars.contains { $0.properties.isLowercase }
  }

  static func isUpper(_ text: String) -> Bool {
    !text.unicodeScalars.contains { $0.properties.isLowercase || isTitle($0) }
      && text.unicodeScalars.contains { $0.properties.isUppercase }
  }

  static func isTitle(_ text: String) -> Bool {
    var isInWord = false
    var hasWord = false
    for scalar in text.unicodeScalars {
      if scalar.properties.isUppercase || isTitle(scalar) {
        if isInWord { return false }
        (isInWord, hasWord) = (true, true)
      } else if scalar.properties.isLowercase {
        if !isInWord { return false }
      } else {
        isInWord = false
      }
    }
    return hasWord
  }

  private static func isTitle(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .titlecaseLetter
  }

  // MARK: Kinds of scalars

  static func isAlphabetic(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
    isAlphabetic(scalar) || scalar.properties.numericType != nil
  }

  // MARK: Ends

  enum Side {
    case left, right, both
  }

  /// The text without the scalars of `set` at its ends; white space where `set` is nil or none.
  static func stripped(_ text: String, _ set: TemplateValue?, _ side: Side) throws -> String {
    var isOut: (Unicode.Scalar) -> Bool = { $0.isPythonSpace }
    switch set {
    case nil, .some(.none): break
    case let set?:
      let scalars = Set(try set.requiredText("chars").unicodeScalars)
      isOut = { scalars.contains($0) }
    }
    var rest = text.unicodeScalars[...]
    if side != .right { rest = rest.drop(while: isOut) }
    if side != .left {
      while let last = rest.last, isOut(last) { rest.removeLast() }
    }
    return String(rest)
  }

  enum Alignment: Unicode.Scalar {
    case left = "<"
    case right = ">"
    case center = "^"
    /// Between sign and digits.
    case number = "="
  }

  /// The text filled up to a width.
  static func padded(
    _ text: String, _ width: Int, _ alignment: Alignment, _ fill: Unicode.Scalar,
    _ budget: TemplateBudget
  ) throws -> String {
    let missing = width - text.unicodeScalars.count
    guard missing > 0 else { return text }
    try budget.make(4, times: missing)
    func filling(_ count: Int) -> String {
      String(scalars: repeatElement(fill, count: count))
    }
    switch alignment {
    case .left: return text + filling(missing)
    case .right, .number: return filling(missing) + text
    case .center:
      // Of an odd number of fills, Python puts the extra one left where the width is odd.
      let left = missing / 2 + (missing & width & 1)
      return filling(left) + text + filling(missing - left)
    }
  }

  // MARK: Parts

  static func reversed(_ text: String) -> String {
    String(scalars: text.unicodeScalars.reversed())
  }

  /// The text with `count` occurrences of `old` replaced, all for a negative count.
  static func replacing(
    _ text: String, _ old: String, _ new: String, _ count: Int, _ budget: TemplateBudget
  ) throws -> String {
    try budget.touch(text.utf8.count)
    if old.isEmpty { return try interleaved(text, new, count, budget) }
    let (bytes, part) = (text.utf8Bytes, old.utf8Bytes)
    var result: [UInt8] = []
    var start = 0
    var left = count
    while left != 0, let found = bytes.firstIndex(of: part, from: start) {
      try budget.grow(result.count, by: found - start + new.utf8.count)
      result += bytes[start..<found]
      result += new.utf8
      start = found + part.count
      left -= 1
    }
    try budget.grow(result.count, by: bytes.count - start)
    result += bytes[start...]
    return String(decoding: result, as: UTF8.self)
  }

  private static func interleaved(
    _ text: String, _ new: String, _ count: Int, _ budget: TemplateBudget
  ) throws -> String {
    var output = TemplateOutput()
    var left = count
    for scalar in text.unicodeScalars {
      if left != 0 {
        try output.append(new, budget)
        left -= 1
      }
      try output.append(String(scalar), budget)
    }
    if left != 0 { try output.append(new, budget) }
    return output.text
  }

  /// The lines of a text as `str.splitlines` finds them.
  static func lines(_ text: String, keepsEnds: Bool) -> [String] {
    var lines: [String] = []
    var line = String.UnicodeScalarView()
    var isAfterReturn = false
    for scalar in text.unicodeScalars {
      if isAfterReturn {
        isAfterReturn = false
        if scalar == "\n" {
          if keepsEnds { lines[lines.count - 1].unicodeScalars.append(scalar) }
          continue
        }
      }
      guard isLineEnd(scalar) else {
        line.append(scalar)
        continue
      }
      if keepsEnds { line.append(scalar) }
      lines.append(String(line))
      line = String.UnicodeScalarView()
      isAfterReturn = scalar == "\r"
    }
    if !line.isEmpty { lines.append(String(line)) }
    return lines
  }

  private static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }
}
