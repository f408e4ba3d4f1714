// SPDX-License-Identifier: Apache-2.0

/// `tojson`: a value as JSON, laid out as Python's `json.dumps` does, without HTML escapes.
struct JSONText {
  private var output = TemplateOutput()
  private let budget: TemplateBudget
  private var isASCII = false
  private var sortsKeys = false
  /// What one level of indentation is; nil writes everything on one line.
  private var indentation: String?
  private var itemSeparator = ", "
  private var keySeparator = ": "

  /// The text of a value with the filter's arguments.
  ///
  /// - Throws: ``TemplateFailure`` for values that JSON does not have.
  static func text(
    of value: TemplateValue, _ arguments: CallArguments, _ budget: TemplateBudget
  ) throws -> String {
    var writer = try JSONText(arguments, budget)
    try writer.append(value, level: 0)
    return writer.output.text
  }

  private init(_ arguments: CallArguments, _ budget: TemplateBudget) throws {
    self.budget = budget
    let values = try arguments.bound(
      "tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])
    isASCII = values[0]?.isTrue ?? false
    sortsKeys = values[3]?.isTrue ?? false
    switch values[1] {
    case nil, .some(.none): break
    case let indent?:
      if let text = indent.text {
        indentation = text
      } else {
        let width = try Optional(indent).whole("indent", default: 0)
        try budget.make(1, times: width)
        indentation = String(repeating: " ", count: max(0, width))
      }
      itemSeparator = ","
    }
    switch values[2] {
    case .list(let pair)?, .tuple(let pair)?:
      guard pair.items.count == 2 else { throw Self.wrongSeparators }
      itemSeparator = try pair.items[0].requiredText("separators")
      keySeparator = try pair.items[1].requiredText("separators")
    case nil, .some(.none): break
    default: throw Self.wrongSeparators
    }
  }

  private static let wrongSeparators = TemplateFailure(
    "tojson's separators are two texts: the one between items and the one behind names")

  private mutating func write(_ piece: String) throws { try output.append(piece, budget) }

  private mutating func append(_ value: TemplateValue, level: Int) throws {
    try budget.step()
    switch value {
    case .none: try write("null")
    case .bool(let flag): try write(flag ? "true" : "false")
    case .integer(let number): try write(String(number))
    case .number(let number): try write(Self.text(of: number))
    case .string(let text), .markup(let text): try write(quoted(text))
    case .list(let list), .tuple(let list):
      try append(count: list.items.count, open: "[", close: "]", level: level) { writer, index in
        try writer.append(list.items[index], level: level + 1)
      }
    case .dictionary(let dictionary): try append(dictionary, level: level)
    case .undefined(let undefined):
      throw TemplateFailure("tojson got something undefined: \(undefined.failure.reason)")
    default: throw TemplateFailure("a value of type \(value.typeName) is not JSON")
    }
  }

  private mutating func append(_ dictionary: TemplateDictionary, level: Int) throws {
    var members = dictionary.members
    if sortsKeys {
      let comparison = TemplateComparison(budget: budget)
      try members.sort { try comparison.isLess($0.key, $1.key) }
    }
    let names = try members.map { try name($0.key) }
    try append(count: members.count, open: "{", close: "}", level: level) { writer, index in
      try writer.write(writer.quoted(names[index]) + writer.keySeparator)
      try writer.append(members[index].value, level: level + 1)
    }
  }

  private mutating func append(
    count: Int, open: String, close: String, level: Int,
    item: (inout JSONText, Int) throws -> Void
  ) throws {
    try write(open)
    for index in 0..<count {
      if index > 0 { try write(itemSeparator) }
      try newLine(level + 1)
      try item(&self, index)
    }
    if count > 0 { try newLine(level) }
    try write(close)
  }

  private mutating func newLine(_ level: Int) throws {
    guard let indentation else { return }
    try write("\n")
    for _ in 0..<level { try write(indentation) }
  }

  private func name(_ key: TemplateValue) throws -> String {
    switch key {
    case .string(let text), .markup(let text): text
    case .none: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .integer(let number): String(number)
    case .number(let number): Self.text(of: number)
    default: throw TemplateFailure("a value of type \(key.typeName) is no name in JSON")
    }
  }

  private static func text(of number: Double) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
    return PythonNumber.text(of: number)
  }

  private func quoted(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    result.append("\"")
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result.append(contentsOf: "\\\"".unicodeScalars)
      case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
      case "\n": result.append(contentsOf: "\\n".unicodeScalars)
      case "\r": result.append(contentsOf: "\\r".unicodeScalars)
      case "\t": result.append(contentsOf: "\\t".unicodeScalars)
      case "\u{8}": result.append(contentsOf: "\\b".unicodeScalars)
      case "\u{C}": result.append(contentsOf: "\\f".unicodeScalars)
      case _ where scalar.value < 0x20 || (isASCII && scalar.value > 0x7E):
        for unit in String(scalar).utf16 {
          let hex = String(unit, radix: 16)
          result.append(
            contentsOf: ("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).unicodeScalars)
        }
      default: result.append(scalar)
      }
    }
    result.append("\"")
    return String(result)
  }
}
