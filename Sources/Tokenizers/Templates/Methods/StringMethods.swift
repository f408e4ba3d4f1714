// SPDX-License-Identifier: Apache-2.0

/// The methods of texts.
struct StringMethods {
  let receiver: TemplateValue
  let text: String
  let evaluator: TemplateEvaluator
  var budget: TemplateBudget { evaluator.budget }

  init(_ receiver: TemplateValue, _ evaluator: TemplateEvaluator) {
    self.receiver = receiver
    self.evaluator = evaluator
    text = receiver.text ?? ""
  }

  typealias Method = @Sendable (StringMethods, CallArguments) throws -> TemplateValue

  private static let table: [String: Method] = [caseMethods, shapeMethods, partMethods]
    .reduce(into: [:]) { $0.merge($1) { first, _ in first } }

  /// All methods there are.
  static let names = Set(table.keys)

  func call(_ name: String, _ arguments: CallArguments) throws -> TemplateValue {
    guard let method = Self.table[name] else {
      throw TemplateFailure("text has no method '\(name)'")
    }
    try budget.touch(text.utf8.count)
    return try method(self, arguments)
  }

  /// A method without arguments that makes another text.
  private static func plain(
    _ name: String, _ body: @escaping @Sendable (String) -> String
  ) -> Method {
    { receiver, arguments in
      _ = try arguments.bound(name, [])
      let result = body(receiver.text)
      try receiver.budget.make(result.utf8.count)
      return receiver.receiver.withText(result)
    }
  }

  /// A method without arguments that is true where all scalars pass and there is one at least.
  private static func every(
    _ name: String, acceptsEmpty: Bool = false,
    _ body: @escaping @Sendable (Unicode.Scalar) -> Bool
  ) -> Method {
    { receiver, arguments in
      _ = try arguments.bound(name, [])
      return .bool(
        (acceptsEmpty || !receiver.text.isEmpty) && receiver.text.unicodeScalars.allSatisfy(body))
    }
  }

  private static func question(
    _ name: String, _ body: @escaping @Sendable (String) -> Bool
  ) -> Method {
    { receiver, arguments in
      _ = try arguments.bound(name, [])
      return .bool(body(receiver.text))
    }
  }

  private static let caseMethods: [String: Method] = [
    "upper": plain("upper") { PythonText.upper($0) },
    "lower": plain("lower") { PythonText.lower($0) },
    "casefold": plain("casefold") { PythonText.lower($0).replacing("ß", with: "ss") },
    "capitalize": plain("capitalize") { PythonText.capitalized($0) },
    "title": plain("title") { PythonText.title($0) },
    "swapcase": plain("swapcase") { PythonText.swappedCase($0) },
    "islower": question("islower") { PythonText.isLower($0) },
    "isupper": question("isupper") { PythonText.isUpper($0) },
    "istitle": question("istitle") { PythonText.isTitle($0) },
    "isspace": every("isspace") { $0.isPythonSpace },
    "isalpha": every("isalpha") { PythonText.isAlphabetic($0) },
    "isalnum": every("isalnum") { PythonText.isAlphanumeric($0) },
    "isdecimal": every("isdecimal") { $0.properties.numericType == .decimal },
    "isdigit": every("isdigit") {
      $0.properties.numericType == .decimal || $0.properties.numericType == .digit
    },
    "isnumeric": every("isnumeric") { $0.properties.numericType != nil },
    "isascii": every("isascii", acceptsEmpty: true) { $0.isASCII },
    "isprintable": every("isprintable", acceptsEmpty: true) { $0.isPythonPrintable },
  ]

  private static let shapeMethods: [String: Method] = [
    "strip": strip("strip", .both),
    "lstrip": strip("lstrip", .left),
    "rstrip": strip("rstrip", .right),
    "ljust": pad("ljust", .left),
    "rjust": pad("rjust", .right),
    "center": pad("center", .center),
    "zfill": { receiver, arguments in
      let width = try arguments.bound("zfill", ["width"], required: 1)[0].whole("width", default: 0)
      let hasSign = receiver.text.hasPrefix("-") || receiver.text.hasPrefix("+")
      let sign = hasSign ? String(receiver.text.prefix(1)) : ""
      let digits = String(receiver.text.dropFirst(hasSign ? 1 : 0))
      let padded = try PythonText.padded(
        digits, width - (hasSign ? 1 : 0), .right, "0", receiver.budget)
      return receiver.receiver.withText(sign + padded)
    },
    "expandtabs": { receiver, arguments in
      let size = try arguments.bound("expandtabs", ["tabsize"])[0].whole("tabsize", default: 8)
      return receiver.receiver.withText(try receiver.expandingTabs(size))
    },
    "format": { receiver, arguments in
      var format = BraceFormat(receiver.text, arguments, receiver.evaluator)
      return receiver.receiver.withText(try format.text())
    },
    "format_map": { receiver, arguments in
      let values = try arguments.bound("format_map", ["mapping"], required: 1)
      guard case .dictionary(let dictionary)? = values[0] else {
        throw TemplateFailure("format_map takes a dictionary")
      }
      let named = try dictionary.members.map { (try $0.key.requiredText("key"), $0.value) }
      var format = BraceFormat(
        receiver.text, CallArguments(named: named), receiver.evaluator)
      return receiver.receiver.withText(try format.text())
    },
  ]

  private static func strip(_ name: String, _ side: PythonText.Side) -> Method {
    { receiver, arguments in
      let set = try arguments.bound(name, ["chars"])[0]
      return receiver.receiver.withText(try PythonText.stripped(receiver.text, set, side))
    }
  }

  private static func pad(_ name: String, _ alignment: PythonText.Alignment) -> Method {
    { receiver, arguments in
      let values = try arguments.bound(name, ["width", "fillchar"], required: 1)
      let fill = try values[1].text("fillchar", default: " ").unicodeScalars
      guard let scalar = fill.first, fill.count == 1 else {
        throw TemplateFailure("\(name) fills with one character")
      }
      return receiver.receiver.withText(
        try PythonText.padded(
          receiver.text, values[0].whole("width", default: 0), alignment, scalar, receiver.budget))
    }
  }

  private func expandingTabs(_ size: Int) throws -> String {
    var output = TemplateOutput()
    var column = 0
    for scalar in text.unicodeScalars {
      if scalar == "\t" {
        guard size > 0 else { continue }
        let missing = size - column % size
        try budget.make(1, times: missing)
        try output.append(String(repeating: " ", count: missing), budget)
        column += missing
      } else {
        try output.append(String(scalar), budget)
        column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
      }
    }
    return output.text
  }
}
