// SPDX-License-Identifier: Apache-2.0

/// The functions that every template can call.
enum TemplateGlobals {
  /// The function of a name; nil where there is none.
  static func value(_ name: String) -> TemplateValue? {
    guard let body = bodies[name] else { return nil }
    return .object(TemplateFunction(name, body))
  }

  private typealias Body = @Sendable (CallArguments, TemplateEvaluator) throws -> TemplateValue

  private static let bodies: [String: Body] = [
    "range": { arguments, _ in try range(arguments) },
    "dict": { arguments, evaluator in .dictionary(try dictionary(arguments, evaluator)) },
    "namespace": { arguments, evaluator in try namespace(arguments, evaluator) },
    "raise_exception": { arguments, evaluator in
      let values = try arguments.bound("raise_exception", ["message"], required: 1)
      throw TemplateFailure(try evaluator.text(of: values[0] ?? .none), kind: .raised)
    },
    "strftime_now": { arguments, evaluator in
      let values = try arguments.bound("strftime_now", ["format"], required: 1)
      let format = try values[0].text("format", default: "")
      return .string(try DateFormat.text(evaluator.now(), format, evaluator.budget))
    },
    "cycler": { arguments, _ in
      guard arguments.named.isEmpty, !arguments.positional.isEmpty else {
        throw TemplateFailure("cycler takes one value or more, without names")
      }
      return .object(TemplateCycler(try TemplateList(arguments.positional)))
    },
    "joiner": { arguments, _ in
      let values = try arguments.bound("joiner", ["sep"])
      return .object(TemplateJoiner(values[0] ?? .string(", ")))
    },
  ]

  private static func range(_ arguments: CallArguments) throws -> TemplateValue {
    let values = arguments.positional
    guard arguments.named.isEmpty, (1...3).contains(values.count) else {
      throw TemplateFailure("range takes one to three whole numbers, without names")
    }
    let numbers = try values.map { try Optional($0).whole("range", default: 0) }
    let start = numbers.count == 1 ? 0 : numbers[0]
    let stop = numbers.count == 1 ? numbers[0] : numbers[1]
    let step = numbers.count == 3 ? numbers[2] : 1
    guard step != 0 else { throw TemplateFailure("range cannot go in steps of 0") }
    let (distance, overflows) = stop.subtractingReportingOverflow(start)
    var count = 0
    if (distance > 0) == (step > 0), distance != 0 {
      count = Int((distance.magnitude - 1) / step.magnitude) + 1
    }
    guard !overflows, count <= TemplateRange.limit else {
      throw TemplateFailure("a range of more than \(TemplateRange.limit) numbers", kind: .limit)
    }
    return .range(TemplateRange(start: start, step: step, count: count))
  }

  private static func namespace(
    _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    let namespace = TemplateNamespaceObject()
    evaluator.keep(namespace)
    for (key, value) in try dictionary(arguments, evaluator).members {
      try namespace.set(evaluator.text(of: key), value)
    }
    return .object(namespace)
  }

  /// What `dict(…)` makes of a dictionary or pairs, and names.
  private static func dictionary(
    _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateDictionary {
    guard arguments.positional.count <= 1 else {
      throw TemplateFailure("dict takes one dictionary or list of pairs, then names")
    }
    var members: [(key: TemplateValue, value: TemplateValue)] = []
    switch arguments.positional.first {
    case nil: break
    case .dictionary(let dictionary): members = dictionary.members
    case let pairs?:
      for pair in try evaluator.items(of: pairs) {
        let items = try evaluator.items(of: pair)
        guard items.count == 2 else { throw TemplateFailure("a pair has two items") }
        members.append((items[0], items[1]))
      }
    }
    members += arguments.named.map { (.string($0.name), $0.value) }
    return try TemplateDictionary(members)
  }
}
