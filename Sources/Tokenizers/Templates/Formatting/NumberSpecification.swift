// SPDX-License-Identifier: Apache-2.0

/// What stands behind the colon in `"{:>+08.3f}"`: Python's format specification.
struct NumberSpecification {
  private var fill: Unicode.Scalar = " "
  private var alignment: PythonText.Alignment?
  private var sign: Unicode.Scalar = "-"
  private var isAlternate = false
  private var width = 0
  private var grouping: Unicode.Scalar?
  private var precision: Int?
  private var kind: Unicode.Scalar?
  private let isEmpty: Bool

  /// - Throws: ``TemplateFailure`` for what is no specification.
  init(_ text: String) throws {
    isEmpty = text.isEmpty
    var rest = Array(text.unicodeScalars)[...]
    if let second = rest.dropFirst().first, let mark = PythonText.Alignment(rawValue: second) {
      (fill, alignment) = (rest[rest.startIndex], mark)
      rest = rest.dropFirst(2)
    } else if let first = rest.first, let mark = PythonText.Alignment(rawValue: first) {
      alignment = mark
      rest = rest.dropFirst()
    }
    if let first = rest.first, "+- ".unicodeScalars.contains(first) {
      sign = first
      rest = rest.dropFirst()
    }
    if rest.first == "#" {
      isAlternate = true
      rest = rest.dropFirst()
    }
    if rest.first == "0" {
      if alignment == nil { (fill, alignment) = ("0", .number) }
      rest = rest.dropFirst()
    }
    width = try Self.number(&rest) ?? 0
    if let first = rest.first, first == "," || first == "_" {
      grouping = first
      rest = rest.dropFirst()
    }
    if rest.first == "." {
      rest = rest.dropFirst()
      guard let digits = try Self.number(&rest) else {
        throw TemplateFailure("a format's '.' needs digits behind it")
      }
      precision = digits
    }
    kind = rest.popFirst()
    guard rest.isEmpty else { throw TemplateFailure("'\(text)' is no format") }
  }

  private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) throws -> Int? {
    let digits = rest.prefix { ("0"..."9").contains($0) }
    guard !digits.isEmpty else { return nil }
    rest = rest.dropFirst(digits.count)
    guard let number = Int(String(scalars: digits)), number < 1 << 30 else {
      throw TemplateFailure("a width or precision that is too large", kind: .limit)
    }
    return number
  }

  /// The value as the specification lays it out.
  func text(of value: TemplateValue, _ budget: TemplateBudget) throws -> String {
    if let text = value.text { return try self.text(of: text, budget) }
    if case .bool(let flag) = value, isEmpty { return flag ? "True" : "False" }
    if let whole = value.wholeNumber, kind.map({ "bcdoxXn".unicodeScalars.contains($0) }) ?? true {
      return try number(try digits(of: whole), isNegative: whole < 0, budget)
    }
    if let real = value.realNumber, kind.map({ "eEfFgGn%".unicodeScalars.contains($0) }) ?? true {
      return try number(
        try digits(of: real), isNegative: real.sign == .minus && !real.isNaN, budget)
    }
    guard isEmpty else {
      throw TemplateFailure("the format does not fit a value of type \(value.typeName)")
    }
    return try TemplateTextWriter.text(of: value, budget)
  }

  private func text(of text: String, _ budget: TemplateBudget) throws -> String {
    guard kind == nil || kind == "s", alignment != .number, sign == "-", grouping == nil else {
      throw TemplateFailure("the format does not fit text")
    }
    var text = text
    if let precision { text = String(scalars: text.unicodeScalars.prefix(precision)) }
    // Unlike str.center, formats put the extra fill to the right.
    guard alignment == .center else {
      return try PythonText.padded(text, width, alignment ?? .left, fill, budget)
    }
    return try centered(text, budget)
  }

  private func centered(_ text: String, _ budget: TemplateBudget) throws -> String {
    let count = text.unicodeScalars.count
    let left = max(0, width - count) / 2
    let half = try PythonText.padded(text, count + left, .right, fill, budget)
    return try PythonText.padded(half, width, .left, fill, budget)
  }

  private func digits(of number: Int) throws -> (prefix: String, digits: String) {
    if precision != nil { throw TemplateFailure("a whole number's format has no precision") }
    func radix(_ base: Int, _ prefix: String, upper: Bool = false) -> (String, String) {
      (isAlternate ? prefix : "", String(number.magnitude, radix: base, uppercase: upper))
    }
    switch kind {
    case "b": return radix(2, "0b")
    case "o": return radix(8, "0o")
    case "x": return radix(16, "0x")
    case "X": return radix(16, "0X", upper: true)
    case "c":
      guard let scalar = UInt32(exactly: number).flatMap({ Unicode.Scalar($0) }) else {
        throw TemplateFailure("\(number) is no character")
      }
      return ("", String(scalar))
    default: return ("", String(number.magnitude))
    }
  }

  private func digits(of number: Double) throws -> (prefix: String, digits: String) {
    guard let kind else {
      guard let precision else { return ("", PythonNumber.text(of: number.magnitude)) }
      guard let text = Self.real(number.magnitude, "g", precision, keepsZeros: isAlternate) else {
        throw Self.tooPrecise
      }
      // Without a letter a number keeps one digit behind the point.
      let isWhole = number.isFinite && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
      return ("", isWhole ? text + ".0" : text)
    }
    let isPercent = kind == "%"
    guard
      let text = Self.real(
        isPercent ? number.magnitude * 100 : number.magnitude,
        isPercent ? "f" : kind == "n" ? "g" : kind, precision ?? 6, keepsZeros: isAlternate)
    else { throw Self.tooPrecise }
    return ("", isPercent ? text + "%" : text)
  }

  private static let tooPrecise = TemplateFailure("a precision above 400", kind: .limit)

  /// A number that is not negative, by a format's letter; nil for a precision above 400.
  static func real(
    _ number: Double, _ kind: Unicode.Scalar, _ precision: Int, keepsZeros: Bool
  ) -> String? {
    guard precision <= 400 else { return nil }
    let text =
      switch kind {
      case "e", "E": PythonNumber.scientific(number, digits: precision)
      case "g", "G": PythonNumber.general(number, digits: max(1, precision), keepsZeros: keepsZeros)
      default: PythonNumber.fixed(number, digits: precision)
      }
    return "EFG".unicodeScalars.contains(kind) ? text.uppercased() : text
  }

  private func number(
    _ parts: (prefix: String, digits: String), isNegative: Bool, _ budget: TemplateBudget
  ) throws -> String {
    let head = (isNegative ? "-" : sign == "-" ? "" : String(sign)) + parts.prefix
    let body = grouping.map { grouped(parts.digits, $0) } ?? parts.digits
    switch alignment {
    case .number:
      let rest = width - head.unicodeScalars.count
      if let grouping, fill == "0" { return head + (try zeroFilled(body, rest, grouping, budget)) }
      return head + (try PythonText.padded(body, rest, .right, fill, budget))
    case .center: return try centered(head + body, budget)
    default:
      return try PythonText.padded(head + body, width, alignment ?? .right, fill, budget)
    }
  }

  /// Whole digits with a mark between groups of three (four for hexadecimal and such).
  private func grouped(_ text: String, _ mark: Unicode.Scalar) -> String {
    let size = kind.map { "boxX".unicodeScalars.contains($0) } == true ? 4 : 3
    let whole = text.prefix { $0.isHexDigit }
    var result = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index).isMultiple(of: size) {
        result.unicodeScalars.append(mark)
      }
      result.append(digit)
    }
    return result + text.dropFirst(whole.count)
  }

  /// Zeros in front take part in the grouping, and a mark never comes first.
  private func zeroFilled(
    _ body: String, _ width: Int, _ mark: Unicode.Scalar, _ budget: TemplateBudget
  ) throws -> String {
    try budget.make(2, times: width)
    var digits = body.filter { !$0.unicodeScalars.contains(mark) }
    var result = body
    while result.unicodeScalars.count < width {
      digits = "0" + digits
      result = grouped(digits, mark)
    }
    return result
  }
}
