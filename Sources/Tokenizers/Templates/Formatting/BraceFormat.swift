// SPDX-License-Identifier: Apache-2.0

/// `"{} and {name!r:>10}".format(…)`.
struct BraceFormat {
  private let format: [Unicode.Scalar]
  private let arguments: CallArguments
  private let evaluator: TemplateEvaluator
  private var output = TemplateOutput()
  /// The place of the next value without a number; nil once places have numbers.
  private var next: Int? = 0
  private var usesNumbers = false

  init(_ format: String, _ arguments: CallArguments, _ evaluator: TemplateEvaluator) {
    self.format = Array(format.unicodeScalars)
    self.arguments = arguments
    self.evaluator = evaluator
  }

  /// The text with its values in place.
  mutating func text() throws -> String {
    try append(format[...], depth: 2)
    return output.text
  }

  private mutating func append(_ part: ArraySlice<Unicode.Scalar>, depth: Int) throws {
    guard depth > 0 else { throw TemplateFailure("braces are nested too deep") }
    var at = part.startIndex
    while at < part.endIndex {
      let scalar = part[at]
      let isDoubled = at + 1 < part.endIndex && part[at + 1] == scalar
      if scalar == "{" || scalar == "}", isDoubled {
        try output.append(String(scalar), evaluator.budget)
        at += 2
      } else if scalar == "{" {
        let end = try closing(part, at)
        try appendField(part[(at + 1)..<end], depth: depth)
        at = end + 1
      } else if scalar == "}" {
        throw TemplateFailure("a '}' in the text closes nothing")
      } else {
        try output.append(String(scalar), evaluator.budget)
        at += 1
      }
    }
  }

  private func closing(_ part: ArraySlice<Unicode.Scalar>, _ start: Int) throws -> Int {
    var depth = 0
    for index in start..<part.endIndex {
      if part[index] == "{" { depth += 1 }
      if part[index] == "}" { depth -= 1 }
      if depth == 0 { return index }
    }
    throw TemplateFailure("a '{' in the text is not closed")
  }

  private mutating func appendField(_ field: ArraySlice<Unicode.Scalar>, depth: Int) throws {
    var isInBrackets = false
    let nameEnd =
      field.firstIndex { scalar in
        if scalar == "[" { isInBrackets = true }
        if scalar == "]" { isInBrackets = false }
        return !isInBrackets && (scalar == "!" || scalar == ":")
      } ?? field.endIndex
    var value = try value(of: field[..<nameEnd])
    var rest = field[nameEnd...]
    if rest.first == "!" {
      guard let kind = rest.dropFirst().first, rest.count == 2 || rest[nameEnd + 2] == ":" else {
        throw TemplateFailure("'!' takes one letter: s, r or a")
      }
      value = .string(try converted(value, kind))
      rest = rest.dropFirst(2)
    }
    var specification = String(scalars: rest.dropFirst())
    if specification.unicodeScalars.contains("{") {
      let outer = output
      output = TemplateOutput()
      try append(Array(specification.unicodeScalars)[...], depth: depth - 1)
      specification = output.text
      output = outer
    }
    let format = try NumberSpecification(specification)
    try output.append(format.text(of: value, evaluator.budget), evaluator.budget)
  }

  private func converted(_ value: TemplateValue, _ kind: Unicode.Scalar) throws -> String {
    switch kind {
    case "s": return try evaluator.text(of: value)
    case "r", "a":
      var writer = TemplateTextWriter(evaluator.budget)
      try writer.append(representing: value)
      guard kind == "a" else { return writer.text }
      return writer.text.unicodeScalars.reduce(into: "") {
        $0 += $1.isASCII ? String($1) : $1.pythonEscape
      }
    default: throw TemplateFailure("'!\(kind)' is unknown; there are !s, !r and !a")
    }
  }

  /// The value that a field's name means: `0`, `name`, `0.attribute[item]`, or nothing.
  private mutating func value(of name: ArraySlice<Unicode.Scalar>) throws -> TemplateValue {
    let headEnd = name.firstIndex { $0 == "." || $0 == "[" } ?? name.endIndex
    let head = String(scalars: name[..<headEnd])
    var value = try first(head)
    var at = headEnd
    while at < name.endIndex {
      if name[at] == "." {
        let end = name[(at + 1)...].firstIndex { $0 == "." || $0 == "[" } ?? name.endIndex
        value = try evaluator.lookup.attribute(value, String(scalars: name[(at + 1)..<end]))
        at = end
      } else if name[at] == "[", let end = name[at...].firstIndex(of: "]") {
        let key = String(scalars: name[(at + 1)..<end])
        value = try evaluator.lookup.item(value, Int(key).map { .integer($0) } ?? .string(key))
        at = end + 1
      } else {
        throw TemplateFailure(
          "a field of the text is not '{name}', '{name.part}' or '{name[item]}'")
      }
    }
    return value
  }

  private mutating func first(_ head: String) throws -> TemplateValue {
    let index: Int
    if head.isEmpty {
      guard let place = next, !usesNumbers else {
        throw TemplateFailure("places with and without numbers are mixed")
      }
      index = place
      next = place + 1
    } else if let number = Int(head) {
      guard usesNumbers || next == 0 else {
        throw TemplateFailure("places with and without numbers are mixed")
      }
      usesNumbers = true
      index = number
    } else {
      guard let named = arguments.named.first(where: { $0.name == head }) else {
        throw TemplateFailure("there is no value '\(head)'")
      }
      return named.value
    }
    guard arguments.positional.indices.contains(index) else {
      throw TemplateFailure("there is no value number \(index)")
    }
    return arguments.positional[index]
  }
}
