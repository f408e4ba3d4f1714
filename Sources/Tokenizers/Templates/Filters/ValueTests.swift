// SPDX-License-Identifier: Apache-2.0

/// Tests of what a value is.
extension TemplateTests {
  static let kindTests: [String: Test] = [
    "defined": plain("defined") { value, _ in !value.isUndefined },
    "undefined": plain("undefined") { value, _ in value.isUndefined },
    "none": plain("none") { value, _ in if case .none = value { true } else { false } },
    "boolean": plain("boolean") { value, _ in if case .bool = value { true } else { false } },
    "true": plain("true") { value, _ in if case .bool(true) = value { true } else { false } },
    "false": plain("false") { value, _ in if case .bool(false) = value { true } else { false } },
    "integer": plain("integer") { value, _ in if case .integer = value { true } else { false } },
    "float": plain("float") { value, _ in if case .number = value { true } else { false } },
    "number": plain("number") { value, _ in value.realNumber != nil },
    "string": plain("string") { value, _ in value.text != nil },
    "escaped": plain("escaped") { value, _ in if case .markup = value { true } else { false } },
    "mapping": plain("mapping") { value, _ in
      if case .dictionary = value { true } else { false }
    },
    "iterable": plain("iterable") { value, _ in value.isIterable },
    "sequence": plain("sequence") { value, _ in
      if case .object = value { false } else { value.length != nil }
    },
    "callable": plain("callable") { value, _ in
      switch value {
      case .undefined: true
      case .object(let object): object.isCallable
      default: false
      }
    },
    "lower": plain("lower") { value, evaluator in
      PythonText.isLower(try evaluator.text(of: value))
    },
    "upper": plain("upper") { value, evaluator in
      PythonText.isUpper(try evaluator.text(of: value))
    },
    "filter": plain("filter") { value, _ in
      value.text.map { TemplateFilters.table[$0] != nil } ?? false
    },
    "test": plain("test") { value, _ in value.text.map { table[$0] != nil } ?? false },
  ]

  /// A test without arguments.
  private static func plain(
    _ name: String, _ body: @escaping @Sendable (TemplateValue, TemplateEvaluator) throws -> Bool
  ) -> Test {
    { value, arguments, evaluator in
      _ = try arguments.bound(name, [])
      return try body(value, evaluator)
    }
  }

  static let numberTests: [String: Test] = [
    "odd": { value, arguments, evaluator in
      _ = try arguments.bound("odd", [])
      return try rest(value, .integer(2), evaluator, is: 1)
    },
    "even": { value, arguments, evaluator in
      _ = try arguments.bound("even", [])
      return try rest(value, .integer(2), evaluator, is: 0)
    },
    "divisibleby": { value, arguments, evaluator in
      let values = try arguments.bound("divisibleby", ["num"], required: 1)
      return try rest(value, values[0] ?? .none, evaluator, is: 0)
    },
  ]

  private static func rest(
    _ value: TemplateValue, _ divisor: TemplateValue, _ evaluator: TemplateEvaluator, is wanted: Int
  ) throws -> Bool {
    let rest = try evaluator.arithmetic.apply(.modulo, value, divisor)
    return try evaluator.comparison.isEqual(rest, .integer(wanted))
  }

  // MARK: Comparing

  static let comparingTests: [String: Test] = {
    var tests: [String: Test] = ["sameas": isSame, "in": isIn]
    let names: [(ComparisonOperator, [String])] = [
      (.equal, ["==", "eq", "equalto"]), (.notEqual, ["!=", "ne"]),
      (.greater, [">", "gt", "greaterthan"]), (.greaterOrEqual, [">=", "ge"]),
      (.less, ["<", "lt", "lessthan"]), (.lessOrEqual, ["<=", "le"]),
    ]
    for (operation, names) in names {
      for name in names {
        tests[name] = { value, arguments, evaluator in
          let values = try arguments.bound(name, ["other"], required: 1)
          return try evaluator.comparison.apply(operation, value, values[0] ?? .none)
        }
      }
    }
    return tests
  }()

  private static let isIn: Test = { value, arguments, evaluator in
    let values = try arguments.bound("in", ["seq"], required: 1)
    return try evaluator.comparison.contains(values[0] ?? .none, value)
  }

  /// Whether two values are one and the same, not only equal.
  private static let isSame: Test = { value, arguments, evaluator in
    let other = try arguments.bound("sameas", ["other"], required: 1)[0] ?? .none
    switch (value, other) {
    case (.list(let first), .list(let second)), (.tuple(let first), .tuple(let second)):
      return first === second
    case (.dictionary(let first), .dictionary(let second)): return first === second
    default:
      return try value.typeName == other.typeName && evaluator.comparison.isEqual(value, other)
    }
  }
}
