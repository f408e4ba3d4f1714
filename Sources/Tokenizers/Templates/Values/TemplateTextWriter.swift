// SPDX-License-Identifier: Apache-2.0

/// Writes values as Python's `str` and `repr` do.
struct TemplateTextWriter {
  private(set) var text = ""
  private let budget: TemplateBudget
  /// Levels of values being written; objects may hold themselves.
  private var depth = 0

  init(_ budget: TemplateBudget) {
    self.budget = budget
  }

  /// What printing a value shows.
  static func text(of value: TemplateValue, _ budget: TemplateBudget) throws -> String {
    switch value {
    case .string(let text), .markup(let text): return text
    case .undefined: return ""
    default:
      var writer = TemplateTextWriter(budget)
      try writer.append(representing: value)
      return writer.text
    }
  }

  mutating func append(_ piece: String) throws {
    try budget.grow(text.utf8.count, by: piece.utf8.count)
    text += piece
  }

  /// Writes a value as it stands inside a list: texts in quotes.
  mutating func append(representing value: TemplateValue) throws {
    try budget.step()
    depth += 1
    defer { depth -= 1 }
    guard depth <= TemplateValue.depthLimit * 2 else {
      throw TemplateFailure("a value that holds itself cannot be printed", kind: .limit)
    }
    switch value {
    case .undefined: try append("Undefined")
    case .none: try append("None")
    case .bool(let flag): try append(flag ? "True" : "False")
    case .integer(let number): try append(String(number))
    case .number(let number): try append(PythonNumber.text(of: number))
    case .string(let text): try append(quoted(text))
    case .markup(let text): try append("Markup(\(quoted(text)))")
    case .list(let list): try append(items: list.items, open: "[", close: "]")
    case .tuple(let list):
      try append(items: list.items, open: "(", close: list.items.count == 1 ? ",)" : ")")
    case .dictionary(let dictionary): try append(members: dictionary)
    case .range(let range):
      let step = range.step == 1 ? "" : ", \(range.step)"
      try append("range(\(range.start), \(range.stop)\(step))")
    case .iterator: try append("<generator>")
    case .object(let object): try object.show(&self)
    }
  }

  mutating func append(items: [TemplateValue], open: String, close: String) throws {
    try append(open)
    for (index, item) in items.enumerated() {
      if index > 0 { try append(", ") }
      try append(representing: item)
    }
    try append(close)
  }

  private mutating func append(members dictionary: TemplateDictionary) throws {
    try append("{")
    for (index, member) in dictionary.members.enumerated() {
      if index > 0 { try append(", ") }
      try append(representing: member.key)
      try append(": ")
      try append(representing: member.value)
    }
    try append("}")
  }

  /// A text in quotes, with escapes for what cannot be printed.
  private func quoted(_ text: String) -> String {
    let quote: Unicode.Scalar =
      text.unicodeScalars.contains("'") && !text.unicodeScalars.contains("\"") ? "\"" : "'"
    var result = String.UnicodeScalarView()
    result.append(quote)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\", quote:
        result.append("\\")
        result.append(scalar)
      case "\n": result.append(contentsOf: "\\n".unicodeScalars)
      case "\r": result.append(contentsOf: "\\r".unicodeScalars)
      case "\t": result.append(contentsOf: "\\t".unicodeScalars)
      default:
        if scalar.isPythonPrintable {
          result.append(scalar)
        } else {
          result.append(contentsOf: scalar.pythonEscape.unicodeScalars)
        }
      }
    }
    result.append(quote)
    return String(result)
  }
}

extension Unicode.Scalar {
  /// Whether Python's `str.isprintable` is true of this.
  var isPythonPrintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      false
    case .spaceSeparator: self == " "
    default: true
    }
  }

  /// `\xhh`, `\uhhhh` or `\Uhhhhhhhh`.
  var pythonEscape: String {
    let hex = String(value, radix: 16)
    let (letter, width) = value < 0x100 ? ("x", 2) : value < 0x10000 ? ("u", 4) : ("U", 8)
    return "\\" + letter + String(repeating: "0", count: width - hex.count) + hex
  }
}
