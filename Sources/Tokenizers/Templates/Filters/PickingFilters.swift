// SPDX-License-Identifier: Apache-2.0

/// Filters that go through a list with another filter, a test or an attribute.
extension TemplateFilters {
  static let pickingFilters: [String: Filter] = [
    "map": { value, arguments, evaluator in try map(value, arguments, evaluator) },
    "select": { value, arguments, evaluator in
      try pick(value, arguments, evaluator, keeps: true, byAttribute: false)
    },
    "reject": { value, arguments, evaluator in
      try pick(value, arguments, evaluator, keeps: false, byAttribute: false)
    },
    "selectattr": { value, arguments, evaluator in
      try pick(value, arguments, evaluator, keeps: true, byAttribute: true)
    },
    "rejectattr": { value, arguments, evaluator in
      try pick(value, arguments, evaluator, keeps: false, byAttribute: true)
    },
    "groupby": { value, arguments, evaluator in try group(value, arguments, evaluator) },
  ]

  /// Values made one at a time. What is wrong with the arguments shows when the first is asked for,
  /// as it does in Jinja, and not at all for an empty value.
  private static func lazily(
    _ value: TemplateValue, _ evaluator: TemplateEvaluator,
    _ prepare: @escaping () throws -> (TemplateValue) throws -> TemplateValue?
  ) throws -> TemplateValue {
    guard value.isTrue else { return .iterator(try .over([], depth: 0)) }
    var items: TemplateIterator?
    var body: ((TemplateValue) throws -> TemplateValue?)?
    return .iterator(
      try TemplateIterator(over: value.depth) { [unowned evaluator] in
        let make = try body ?? prepare()
        body = make
        let source = try items ?? value.makeIterator()
        items = source
        while let item = try source.next() {
          try evaluator.budget.step()
          if let result = try make(item) { return result }
        }
        return nil
      })
  }

  private static func map(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    try lazily(value, evaluator) { [unowned evaluator] in
      var rest = arguments
      if rest.positional.isEmpty, let attribute = rest.take("attribute") {
        let standard = rest.take("default")
        if let (name, _) = rest.named.first {
          throw TemplateFailure("map has no argument called '\(name)'")
        }
        let path = try AttributePath(attribute, standard: standard)
        return { try path.value(of: $0, evaluator.lookup) }
      }
      guard !rest.positional.isEmpty else {
        throw TemplateFailure("map needs a filter's name, or attribute=…")
      }
      let name = try rest.positional.removeFirst().requiredText("filter")
      return { [rest] in try evaluator.filter(name, $0, rest) }
    }
  }

  private static func pick(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator,
    keeps: Bool, byAttribute: Bool
  ) throws -> TemplateValue {
    try lazily(value, evaluator) { [unowned evaluator] in
      var rest = arguments
      var path = AttributePath.itself
      if byAttribute {
        guard !rest.positional.isEmpty else {
          throw TemplateFailure("the name of an attribute is missing")
        }
        path = try AttributePath(rest.positional.removeFirst())
      }
      guard !rest.positional.isEmpty else {
        return { try path.value(of: $0, evaluator.lookup).isTrue == keeps ? $0 : nil }
      }
      let name = try rest.positional.removeFirst().requiredText("test")
      return { [path, rest] item in
        let part = try path.value(of: item, evaluator.lookup)
        return try evaluator.test(name, part, rest) == keeps ? item : nil
      }
    }
  }

  private static func group(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    let values = try arguments.bound(
      "groupby", ["attribute", "default", "case_sensitive"], required: 1)
    let path = try AttributePath(values[0], standard: values[1])
    let ignoresCase = values[2]?.isTrue != true
    func key(_ item: TemplateValue) throws -> TemplateValue {
      let key = try path.value(of: item, evaluator.lookup)
      return ignoresCase ? lowered(key) : key
    }
    let items = try evaluator.items(of: value)
    let sorted = try ordered(items, by: items.map(key), isReversed: false, evaluator)
    var groups: [(key: TemplateValue, items: [TemplateValue])] = []
    for item in sorted {
      let key = try key(item)
      if let last = groups.last, try evaluator.comparison.isEqual(last.key, key) {
        groups[groups.count - 1].items.append(item)
      } else {
        groups.append((key, [item]))
      }
    }
    let rows = try groups.map { group -> TemplateValue in
      // The key as the first item writes it.
      let shown = try path.value(of: group.items[0], evaluator.lookup)
      let list = TemplateValue.list(try TemplateList(group.items))
      return .tuple(try TemplateList([shown, list], names: ["grouper", "list"]))
    }
    return .list(try TemplateList(rows))
  }
}

/// A way to a part of a value, such as `function.name` or `content.0.text`.
struct AttributePath {
  private var steps: [TemplateValue] = []
  private var standard: TemplateValue?

  /// The value itself.
  static var itself: AttributePath { AttributePath() }

  private init() {}

  /// A way from `attribute`: a text with points between steps, a number, or none for the value
  /// itself; `standard` stands for a part that is undefined.
  init(_ attribute: TemplateValue?, standard: TemplateValue? = nil) throws {
    if let standard, case .none = standard {} else { self.standard = standard }
    switch attribute {
    case nil, .some(.none): break
    case let attribute?:
      guard let text = attribute.text else {
        steps = [attribute]
        return
      }
      steps = text.split(separator: ".", omittingEmptySubsequences: false).map { part in
        let isNumber = !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isNumber
          ? Int(part).map { .integer($0) } ?? .string(String(part)) : .string(String(part))
      }
    }
  }

  /// The ways that a text with commas between them names.
  static func several(_ attribute: TemplateValue?) throws -> [AttributePath] {
    guard let text = attribute?.text else { return [try AttributePath(attribute)] }
    return try text.split(separator: ",", omittingEmptySubsequences: false).map {
      try AttributePath(.string(String($0)))
    }
  }

  func value(of item: TemplateValue, _ lookup: TemplateLookup) throws -> TemplateValue {
    var value = item
    for step in steps {
      value = try lookup.item(value, step)
      if value.isUndefined, let standard { value = standard }
    }
    return value
  }
}
