// SPDX-License-Identifier: Apache-2.0

/// Filters of lists as a whole.
extension TemplateFilters {
  static let listFilters: [String: Filter] = [
    "length": { value, arguments, evaluator in try length(value, arguments, evaluator) },
    "count": { value, arguments, evaluator in try length(value, arguments, evaluator) },
    "first": { value, arguments, _ in
      _ = try arguments.bound("first", [])
      return try value.makeIterator().next()
        ?? .undefined(.reason("there is no first item, the list is empty"))
    },
    "last": { value, arguments, _ in
      _ = try arguments.bound("last", [])
      guard let items = try value.reversedItems() else {
        throw TemplateFailure(
          "a value of type \(value.typeName) has no last item; make it a list first")
      }
      return items.first ?? .undefined(.reason("there is no last item, the list is empty"))
    },
    "list": { value, arguments, evaluator in
      _ = try arguments.bound("list", [])
      return .list(try TemplateList(evaluator.items(of: value)))
    },
    "reverse": { value, arguments, evaluator in
      _ = try arguments.bound("reverse", [])
      if let text = value.text { return value.withText(PythonText.reversed(text)) }
      if let items = try value.reversedItems() {
        return .iterator(try .over(items, depth: value.depth))
      }
      return .list(try TemplateList(evaluator.items(of: value).reversed()))
    },
    "join": { value, arguments, evaluator in try join(value, arguments, evaluator) },
    "items": { value, arguments, _ in
      _ = try arguments.bound("items", [])
      return .iterator(try members(value))
    },
    "sort": { value, arguments, evaluator in try sort(value, arguments, evaluator) },
    "dictsort": { value, arguments, evaluator in try sortMembers(value, arguments, evaluator) },
    "unique": { value, arguments, evaluator in try unique(value, arguments, evaluator) },
    "min": { value, arguments, evaluator in
      try extreme("min", value, arguments, evaluator) { try evaluator.comparison.isLess($0, $1) }
    },
    "max": { value, arguments, evaluator in
      try extreme("max", value, arguments, evaluator) { try evaluator.comparison.isLess($1, $0) }
    },
    "sum": { value, arguments, evaluator in try sum(value, arguments, evaluator) },
    "batch": { value, arguments, evaluator in try batch(value, arguments, evaluator) },
    "slice": { value, arguments, evaluator in try slice(value, arguments, evaluator) },
  ]

  private static func length(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    _ = try arguments.bound("length", [])
    if let text = value.text { try evaluator.budget.touch(text.utf8.count) }
    if case .object(let loop as TemplateLoopObject) = value {
      return try loop.attribute("length") ?? .none
    }
    guard let length = value.length else {
      throw TemplateFailure("a value of type \(value.typeName) has no length")
    }
    return .integer(length)
  }

  private static func join(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    let values = try arguments.bound("join", ["d", "attribute"])
    let separator = try values[0].map { try evaluator.text(of: $0) } ?? ""
    let path = try AttributePath(values[1])
    var output = TemplateOutput()
    var isFirst = true
    let items = try value.makeIterator()
    while let item = try items.next() {
      try evaluator.budget.step()
      if !isFirst { try output.append(separator, evaluator.budget) }
      isFirst = false
      let part = try path.value(of: item, evaluator.lookup)
      try output.append(evaluator.text(of: part), evaluator.budget)
    }
    return .string(output.text)
  }

  private static func members(_ value: TemplateValue) throws -> TemplateIterator {
    switch value {
    case .undefined: return try .over([], depth: 0)
    case .dictionary(let dictionary):
      let items = try TemplateDictionaryView(dictionary, .items).items()
      return try .over(items, depth: dictionary.depth)
    default:
      // As in Jinja, the error comes when the items are asked for.
      return try TemplateIterator(over: 0) {
        throw TemplateFailure("only a dictionary has items, not \(value.typeName)")
      }
    }
  }

  // MARK: Order

  private static func sort(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    let values = try arguments.bound("sort", ["reverse", "case_sensitive", "attribute"])
    let paths = try AttributePath.several(values[2])
    let ignoresCase = values[1]?.isTrue != true
    let items = try evaluator.items(of: value)
    let keys = try items.map { item -> TemplateValue in
      .list(
        try TemplateList(
          paths.map { path in
            let key = try path.value(of: item, evaluator.lookup)
            return ignoresCase ? lowered(key) : key
          }))
    }
    return .list(
      try TemplateList(ordered(items, by: keys, isReversed: values[0]?.isTrue == true, evaluator)))
  }

  private static func sortMembers(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    let values = try arguments.bound("dictsort", ["case_sensitive", "by", "reverse"])
    let by = try values[1].text("by", default: "key")
    guard by == "key" || by == "value" else {
      throw TemplateFailure("dictsort sorts by 'key' or 'value', not by '\(by)'")
    }
    guard case .dictionary(let dictionary) = value else {
      if case .undefined(let undefined) = value { throw undefined.failure }
      throw TemplateFailure("dictsort takes a dictionary, not \(value.typeName)")
    }
    let keys = (by == "key" ? dictionary.keys : dictionary.values).map {
      values[0]?.isTrue == true ? $0 : lowered($0)
    }
    let items = try TemplateDictionaryView(dictionary, .items).items()
    return .list(
      try TemplateList(ordered(items, by: keys, isReversed: values[2]?.isTrue == true, evaluator)))
  }

  /// Items in the order of their keys; equal keys keep the order of the items.
  static func ordered(
    _ items: [TemplateValue], by keys: [TemplateValue], isReversed: Bool,
    _ evaluator: TemplateEvaluator
  ) throws -> [TemplateValue] {
    let comparison = evaluator.comparison
    let places = try items.indices.sorted { first, second in
      let (low, high) = isReversed ? (second, first) : (first, second)
      if try comparison.isLess(keys[low], keys[high]) { return true }
      if try comparison.isLess(keys[high], keys[low]) { return false }
      return first < second
    }
    return places.map { items[$0] }
  }

  /// Text in small letters, anything else as it is.
  static func lowered(_ value: TemplateValue) -> TemplateValue {
    value.text.map { .string(PythonText.lower($0)) } ?? value
  }

  private static func unique(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    let values = try arguments.bound("unique", ["case_sensitive", "attribute"])
    let path = try AttributePath(values[1])
    let ignoresCase = values[0]?.isTrue != true
    let items = try value.makeIterator()
    var seen: Set<TemplateKey> = []
    return .iterator(
      try TemplateIterator(over: items.depth) { [unowned evaluator] in
        while let item = try items.next() {
          try evaluator.budget.step()
          let key = try path.value(of: item, evaluator.lookup)
          if seen.insert(try TemplateKey(ignoresCase ? lowered(key) : key)).inserted {
            return item
          }
        }
        return nil
      })
  }

  private static func extreme(
    _ name: String, _ value: TemplateValue, _ arguments: CallArguments,
    _ evaluator: TemplateEvaluator, isBetter: (TemplateValue, TemplateValue) throws -> Bool
  ) throws -> TemplateValue {
    let values = try arguments.bound(name, ["case_sensitive", "attribute"])
    let path = try AttributePath(values[1])
    let ignoresCase = values[0]?.isTrue != true
    var best: (item: TemplateValue, key: TemplateValue)?
    for item in try evaluator.items(of: value) {
      let part = try path.value(of: item, evaluator.lookup)
      let key = ignoresCase ? lowered(part) : part
      if let known = best, try !isBetter(key, known.key) { continue }
      best = (item, key)
    }
    return best?.item ?? .undefined(.reason("there is no \(name), the list is empty"))
  }

  private static func sum(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    let values = try arguments.bound("sum", ["attribute", "start"])
    let path = try AttributePath(values[0])
    var total = values[1] ?? .integer(0)
    if total.text != nil { throw TemplateFailure("sum does not add texts; use join") }
    for item in try evaluator.items(of: value) {
      total = try evaluator.arithmetic.apply(.add, total, path.value(of: item, evaluator.lookup))
    }
    return total
  }

  // MARK: Rows and columns

  private static func batch(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    let values = try arguments.bound("batch", ["linecount", "fill_with"], required: 1)
    let size = try values[0].whole("linecount", default: 0)
    var rows: [TemplateValue] = []
    var row: [TemplateValue] = []
    for item in try evaluator.items(of: value) {
      if row.count == size {
        rows.append(.list(try TemplateList(row)))
        row = []
      }
      row.append(item)
    }
    if !row.isEmpty {
      if let filler = filler(values[1]), row.count < size {
        try evaluator.budget.make(items: size)
        row += Array(repeating: filler, count: size - row.count)
      }
      rows.append(.list(try TemplateList(row)))
    }
    return .iterator(try .over(rows, depth: rows.reduce(value.depth) { max($0, $1.depth) }))
  }

  private static func filler(_ value: TemplateValue?) -> TemplateValue? {
    if case .some(.none) = value { nil } else { value }
  }

  private static func slice(
    _ value: TemplateValue, _ arguments: CallArguments, _ evaluator: TemplateEvaluator
  ) throws -> TemplateValue {
    let values = try arguments.bound("slice", ["slices", "fill_with"], required: 1)
    let count = try values[0].whole("slices", default: 0)
    let items = try evaluator.items(of: value)
    guard count != 0 else { throw TemplateFailure("slice cannot make 0 slices") }
    try evaluator.budget.make(items: max(0, count))
    let (size, extra) = items.count.quotientAndRemainder(dividingBy: count)
    var rows: [TemplateValue] = []
    var start = 0
    for index in 0..<max(0, count) {
      let end = start + size + (index < extra ? 1 : 0)
      var row = Array(items[start..<end])
      if let filler = filler(values[1]), index >= extra { row.append(filler) }
      rows.append(.list(try TemplateList(row)))
      start = end
    }
    return .iterator(try .over(rows, depth: rows.reduce(value.depth) { max($0, $1.depth) }))
  }
}
