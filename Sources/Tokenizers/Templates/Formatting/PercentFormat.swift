// SPDX-License-Identifier: Apache-2.0

/// `"%s: %5.2f" % values`.
struct PercentFormat {
  private let format: [Unicode.Scalar]
  private let budget: TemplateBudget
  private var output = TemplateOutput()
  private var place = 0

  init(_ format: String, budget: TemplateBudget) {
    self.format = Array(format.unicodeScalars)
    self.budget = budget
  }

  /// One directive: what stands between the percent sign and its letter.
  private struct Directive {
    var key: String?
    var flags: Set<Unicode.Scalar> = []
    var width = 0
    var precision: Int?
    var letter: Unicode.Scalar = "s"
  }

  /// Values taken one after the other, or by name.
  private struct Values {
    var items: [TemplateValue]
    var names: TemplateDictionary?
    var next = 0
    /// Whether a value that is no tuple was given, which need not be used where names are.
    var isSingle: Bool

    mutating func take() throws -> TemplateValue {
      guard next < items.count else {
        throw TemplateFailure("there are fewer values than the text has places for")
      }
      defer { next += 1 }
      return items[next]
    }
  }

  /// The text with its values in place.
  mutating func text(_ value: TemplateValue) throws -> String {
    var values = Values(items: [value], names: nil, isSingle: true)
    if case .tuple(let tuple) = value { values = Values(items: tuple.items, isSingle: false) }
    if case .dictionary(let dictionary) = value { values.names = dictionary }
    var hasNames = false
    while place < format.count {
      let start = place
      while place < format.count, format[place] != "%" { place += 1 }
      try output.append(String(scalars: format[start..<place]), budget)
      guard place < format.count else { break }
      place += 1
      let directive = try directive(&values)
      if directive.letter == "%" {
        try output.append("%", budget)
      } else if let key = directive.key {
        hasNames = true
        guard let names = values.names else {
          throw TemplateFailure("a named place needs a dictionary of values")
        }
        guard let member = names[key] else { throw TemplateFailure("there is no value '\(key)'") }
        try append(directive, member)
      } else {
        try append(directive, values.take())
      }
    }
    let isUsedUp = values.next == values.items.count
    guard isUsedUp || hasNames || (values.isSingle && values.names != nil) else {
      throw TemplateFailure("there are more values than the text has places for")
    }
    return output.text
  }

  private mutating func directive(_ values: inout Values) throws -> Directive {
    var directive = Directive()
    if current == "(" {
      let start = place + 1
      var depth = 0
      repeat {
        if current == "(" { depth += 1 }
        if current == ")" { depth -= 1 }
        place += 1
      } while depth > 0 && place < format.count
      guard depth == 0 else { throw TemplateFailure("a name in the text has no closing bracket") }
      directive.key = String(scalars: format[start..<place - 1])
    }
    while let flag = current, "#0- +".unicodeScalars.contains(flag) {
      directive.flags.insert(flag)
      place += 1
    }
    directive.width = try number(&values) ?? 0
    if directive.width < 0 {
      directive.flags.insert("-")
      directive.width = -directive.width
    }
    if current == "." {
      place += 1
      directive.precision = max(0, try number(&values) ?? 0)
    }
    while let size = current, "hlL".unicodeScalars.contains(size) { place += 1 }
    guard let letter = current else { throw TemplateFailure("a '%' at the end of the text") }
    place += 1
    directive.letter = letter
    return directive
  }

  private var current: Unicode.Scalar? { place < format.count ? format[place] : nil }

  /// Digits, or a star that stands for the next value.
  private mutating func number(_ values: inout Values) throws -> Int? {
    if current == "*" {
      place += 1
      let number = try Optional(values.take()).whole("*", default: 0)
      guard abs(number) < 1 << 30 else { throw Self.tooWide }
      return number
    }
    let start = place
    while let digit = current, ("0"..."9").contains(digit) { place += 1 }
    guard place > start else { return nil }
    guard let number = Int(String(scalars: format[start..<place])), number < 1 << 30 else {
      throw Self.tooWide
    }
    return number
  }

  private static let tooWide = TemplateFailure(
    "a width or precision that is too large", kind: .limit)

  private mutating func append(_ directive: Directive, _ value: TemplateValue) throws {
    let (sign, body, isNumber) = try parts(directive, value)
    let missing = directive.width - sign.unicodeScalars.count - body.unicodeScalars.count
    try budget.make(1, times: missing)
    let fill = max(0, missing)
    if directive.flags.contains("-") {
      try output.append(sign + body + String(repeating: " ", count: fill), budget)
    } else if directive.flags.contains("0"), isNumber {
      try output.append(sign + String(repeating: "0", count: fill) + body, budget)
    } else {
      try output.append(String(repeating: " ", count: fill) + sign + body, budget)
    }
  }

  /// The sign (with a prefix such as 0x) and the rest of what a directive writes.
  private func parts(
    _ directive: Directive, _ value: TemplateValue
  ) throws -> (sign: String, body: String, isNumber: Bool) {
    switch directive.letter {
    case "s", "r", "a":
      var text = try TemplateTextWriter.text(of: value, budget)
      if directive.letter != "s" {
        var writer = TemplateTextWriter(budget)
        try writer.append(representing: value)
        text = writer.text
      }
      if directive.letter == "a" {
        text = text.unicodeScalars.reduce(into: "") {
          $0 += $1.isASCII ? String($1) : $1.pythonEscape
        }
      }
      if let precision = directive.precision {
        text = String(scalars: text.unicodeScalars.prefix(precision))
      }
      return ("", text, false)
    case "c":
      if let number = value.wholeNumber {
        guard let scalar = UInt32(exactly: number).flatMap({ Unicode.Scalar($0) }) else {
          throw TemplateFailure("\(number) is no character")
        }
        return ("", String(scalar), false)
      }
      guard let text = value.text, text.unicodeScalars.count == 1 else {
        throw TemplateFailure("%c takes one character")
      }
      return ("", text, false)
    default: return try numberParts(directive, value)
    }
  }

  private func numberParts(
    _ directive: Directive, _ value: TemplateValue
  ) throws -> (sign: String, body: String, isNumber: Bool) {
    guard let number = value.realNumber else {
      if case .undefined(let undefined) = value { throw undefined.failure }
      throw TemplateFailure("%\(directive.letter) takes a number, not \(value.typeName)")
    }
    let body: String
    switch directive.letter {
    case "d", "i", "u":
      guard let whole = value.wholeNumber ?? Int(exactly: number.rounded(.towardZero)) else {
        throw TemplateArithmetic.tooLarge
      }
      body = try filled(String(whole.magnitude), directive.precision)
      return (sign(directive, whole < 0), body, true)
    case "x", "X", "o":
      guard let whole = value.wholeNumber else {
        throw TemplateFailure("%\(directive.letter) takes a whole number")
      }
      let radix = directive.letter == "o" ? 8 : 16
      let digits = String(whole.magnitude, radix: radix, uppercase: directive.letter == "X")
      let prefix = directive.flags.contains("#") ? "0\(directive.letter)" : ""
      return (
        sign(directive, whole < 0) + prefix, try filled(digits, directive.precision), true
      )
    case "f", "F", "e", "E", "g", "G":
      guard
        let text = NumberSpecification.real(
          number.magnitude, directive.letter, directive.precision ?? 6,
          keepsZeros: directive.flags.contains("#"))
      else { throw Self.tooWide }
      return (sign(directive, number.sign == .minus && !number.isNaN), text, number.isFinite)
    default: throw TemplateFailure("'%\(directive.letter)' is no place for a value")
    }
  }

  private func filled(_ digits: String, _ precision: Int?) throws -> String {
    let missing = max(0, (precision ?? 0) - digits.count)
    try budget.make(1, times: missing)
    return String(repeating: "0", count: missing) + digits
  }

  private func sign(_ directive: Directive, _ isNegative: Bool) -> String {
    if isNegative { return "-" }
    return directive.flags.contains("+") ? "+" : directive.flags.contains(" ") ? " " : ""
  }
}
