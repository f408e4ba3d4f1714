// SPDX-License-Identifier: Apache-2.0

/// Filters of texts.
extension TemplateFilters {
  static let textFilters: [String: Filter] = [
    "upper": { value, arguments, evaluator in
      try mapped(value, arguments, evaluator, "upper") { PythonText.upper($0) }
    },
    "lower": { value, arguments, evaluator in
      try mapped(value, arguments, evaluator, "lower") { PythonText.lower($0) }
    },
    "capitalize": { value, arguments, evaluator in
      try mapped(value, arguments, evaluator, "capitalize") { PythonText.capitalized($0) }
    },
    "title": { value, arguments, evaluator in
      try mapped(value, arguments, evaluator, "title") { titled($0) }
    },
    "string": { value, arguments, evaluator in
      try mapped(value, arguments, evaluator, "string") { $0 }
    },
    "trim": { value, arguments, evaluator in
      let values = try arguments.bound("trim", ["chars"])
      return try soft(value, evaluator) { try PythonText.stripped($0, values[0], .both) }
    },
    "center": { value, arguments, evaluator in
      let width = try arguments.bound("center", ["width"])[0].whole("width", default: 80)
      return try soft(value, evaluator) {
        try PythonText.padded($0, width, .center, " ", evaluator.budget)
      }
    },
    "replace": { value, arguments, evaluator in try replace(value, arguments, evaluator) },
    "indent": { value, arguments, evaluator in try indent(value, arguments, evaluator) },
    "truncate": { value, arguments, evaluator in try truncate(value, arguments, evaluator) },
    "wordcount": { value, arguments, evaluator in
      _ = try arguments.bound("wordcount", [])
      return .integer(wordCount(try evaluator.text(of: value)))
    },
    "format": { value, arguments, evaluator in try format(value, arguments, evaluator) },
    "safe": { value, arguments, evaluator in
      _ = try arguments.bound("safe", [])
      return .markup(try evaluator.text(of: value))
    },
    "escape": { value, arguments, evaluator in try escape(value, arguments, evaluator) },
    "e": { value, arguments, evaluator in try escape(value, arguments, evaluator) },
    "forceescape": { value, arguments, evaluator in
      _ = try arguments.bound("forceescape", [])
      return .markup(HTMLText.escaped(try evaluator.text(of: value)))
    },
    "tojson": { value, arguments, evaluator in
      .string(try JSONText.text(of: value, arguments, evaluator.budget))
    },
  ]

  /// Turns a value into text and the text into another; marked text stays marked.
  private static func soft(
    _ value: TemplateValue, _ evaluator: TemplateEvaluator,
    _ body: (String) throws -> String
  ) throws -> TemplateValue {
    let result = try body(evaluator.text(of: value))
    try evaluator.budget.make(result.utf8.count)
    return value.withText(result)
  }

  private static func mapped(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator,
    _ name: String, _ body: (String) throws -> String
  ) throws -> TemplateValue {
    _ = try arguments.bound(name, [])
    return try soft(value, evaluator, body)
  }

  private static func escape(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    _ = try arguments.bound("escape", [])
    if case .markup = value { return value }
    return .markup(HTMLText.escaped(try evaluator.text(of: value)))
  }

  private static func replace(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    let values = try arguments.bound("replace", ["old", "new", "count"], required: 2)
    var count = -1
    if let limit = values[2], case .none = limit {
    } else {
      count = try values[2].whole("count", default: -1)
    }
    let text = try PythonText.replacing(
      evaluator.text(of: value), evaluator.text(of: values[0] ?? .none),
      evaluator.text(of: values[1] ?? .none), count, evaluator.budget)
    return .string(text)
  }

  private static func indent(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    let values = try arguments.bound("indent", ["width", "first", "blank"])
    let text = try value.requiredText("value")
    let (first, blank) = (values[1]?.isTrue ?? false, values[2]?.isTrue ?? false)
    var indentation = values[0]?.text ?? ""
    if values[0]?.text == nil {
      let width = try values[0].whole("width", default: 4)
      try evaluator.budget.make(1, times: width)
      indentation = String(repeating: " ", count: max(0, width))
    }
    let lines = PythonText.lines(text + "\n", keepsEnds: false)
    try evaluator.budget.make(text.utf8.count)
    try evaluator.budget.make(indentation.utf8.count, times: lines.count)
    var result = first ? indentation : ""
    for (index, line) in lines.enumerated() {
      if index > 0 {
        result += "\n"
        if blank || !line.isEmpty { result += indentation }
      }
      result += line
    }
    return value.withText(result)
  }

  private static func truncate(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    let values = try arguments.bound("truncate", ["length", "killwords", "end", "leeway"])
    let text = try value.requiredText("value")
    let length = try values[0].whole("length", default: 255)
    let end = try values[2].text("end", default: "...")
    var leeway = 5
    if let given = values[3], case .none = given {
    } else {
      leeway = try values[3].whole("leeway", default: 5)
    }
    let scalars = Array(text.unicodeScalars)
    try evaluator.budget.make(text.utf8.count)
    let endCount = end.unicodeScalars.count
    guard length >= endCount, leeway >= 0 else {
      throw TemplateFailure(
        "truncate: the length must hold the end, and leeway must not be below 0")
    }
    if scalars.count <= length.addingReportingOverflow(leeway).partialValue { return value }
    var kept = scalars[..<(length - endCount)]
    if values[1]?.isTrue != true, let space = kept.lastIndex(of: " ") { kept = kept[..<space] }
    return value.withText(String(scalars: kept) + end)
  }

  /// Jinja's own title case: a letter is large behind a hyphen, an opening bracket or white space.
  private static func titled(_ text: String) -> String {
    var result = ""
    var word = String.UnicodeScalarView()
    func finished() -> String {
      guard let first = word.first else { return "" }
      return first.properties.uppercaseMapping
        + PythonText.lower(String(String.UnicodeScalarView(word.dropFirst())))
    }
    for scalar in text.unicodeScalars {
      if scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar) {
        result += finished()
        word = String.UnicodeScalarView()
        result.unicodeScalars.append(scalar)
      } else {
        word.append(scalar)
      }
    }
    return result + finished()
  }

  private static func wordCount(_ text: String) -> Int {
    var count = 0
    var isInWord = false
    for scalar in text.unicodeScalars {
      let isWord = scalar == "_" || PythonText.isAlphanumeric(scalar)
      if isWord, !isInWord { count += 1 }
      isInWord = isWord
    }
    return count
  }

  private static func format(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    guard arguments.named.isEmpty || arguments.positional.isEmpty else {
      throw TemplateFailure("format takes values either by place or by name")
    }
    let values: TemplateValue =
      arguments.named.isEmpty
      ? .tuple(try TemplateList(arguments.positional))
      : .dictionary(try TemplateDictionary(arguments.named.map { (.string($0.name), $0.value) }))
    var format = PercentFormat(try evaluator.text(of: value), budget: evaluator.budget)
    return value.withText(try format.text(values))
  }
}
