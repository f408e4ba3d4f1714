// SPDX-License-Identifier: Apache-2.0

/// Equality, order and membership, with Python's rules.
struct TemplateComparison {
  let budget: TemplateBudget

  func apply(
    _ operation: ComparisonOperator, _ left: TemplateValue, _ right: TemplateValue
  ) throws -> Bool {
    switch operation {
    case .equal: try isEqual(left, right)
    case .notEqual: try !isEqual(left, right)
    case .less: try isLess(left, right, "<")
    case .greater: try isLess(right, left, ">")
    case .lessOrEqual: try isLessOrEqual(left, right, "<=")
    case .greaterOrEqual: try isLessOrEqual(right, left, ">=")
    case .within: try contains(right, left)
    case .notWithin: try !contains(right, left)
    }
  }

  // MARK: Equality

  func isEqual(_ left: TemplateValue, _ right: TemplateValue) throws -> Bool {
    try budget.step()
    switch (left, right) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.list(let first), .list(let second)), (.tuple(let first), .tuple(let second)):
      return try first === second || areEqual(first.items, second.items)
    case (.dictionary(let first), .dictionary(let second)):
      return try first === second || areEqual(first, second)
    case (.range(let first), .range(let second)):
      return first.count == second.count
        && (first.count == 0
          || first.start == second.start && (first.count == 1 || first.step == second.step))
    case (.iterator(let first), .iterator(let second)): return first === second
    case (.object(let first), .object(let second)): return first === second
    default:
      if let first = left.text, let second = right.text {
        try budget.touch(min(first.utf8.count, second.utf8.count))
        return first.hasSameScalars(second)
      }
      return order(left, right) == .some(.same)
    }
  }

  private func areEqual(_ first: [TemplateValue], _ second: [TemplateValue]) throws -> Bool {
    guard first.count == second.count else { return false }
    for (left, right) in zip(first, second) where try !isEqual(left, right) { return false }
    return true
  }

  private func areEqual(_ first: TemplateDictionary, _ second: TemplateDictionary) throws -> Bool {
    guard first.count == second.count else { return false }
    for (key, value) in first.members {
      guard let other = second[try TemplateKey(key)], try isEqual(value, other) else {
        return false
      }
    }
    return true
  }

  // MARK: Order

  private enum Order {
    case before, same, behind, unordered
  }

  /// How two numbers stand; nil where one is none.
  private func order(_ left: TemplateValue, _ right: TemplateValue) -> Order? {
    if let first = left.wholeNumber, let second = right.wholeNumber {
      return first < second ? .before : first == second ? .same : .behind
    }
    guard let first = left.realNumber, let second = right.realNumber else { return nil }
    if first.isNaN || second.isNaN { return .unordered }
    if first != second { return first < second ? .before : .behind }
    // Whole numbers beyond 2^53 are rounded above; compare them exactly.
    if let whole = left.wholeNumber, let other = Int(exactly: second) {
      return whole < other ? .before : whole == other ? .same : .behind
    }
    if let whole = right.wholeNumber, let other = Int(exactly: first) {
      return other < whole ? .before : whole == other ? .same : .behind
    }
    return .same
  }

  /// Whether `left` stands before `right`; `sign` is for the message.
  func isLess(
    _ left: TemplateValue, _ right: TemplateValue, _ sign: String = "<"
  ) throws -> Bool {
    try budget.step()
    if case .undefined(let undefined) = left { throw undefined.failure }
    if case .undefined(let undefined) = right { throw undefined.failure }
    if let order = order(left, right) { return order == .before }
    if let first = left.text, let second = right.text {
      try budget.touch(min(first.utf8.count, second.utf8.count))
      return first.utf8.lexicographicallyPrecedes(second.utf8)
    }
    switch (left, right) {
    case (.list(let first), .list(let second)), (.tuple(let first), .tuple(let second)):
      for (a, b) in zip(first.items, second.items) where try !isEqual(a, b) {
        return try isLess(a, b, sign)
      }
      return first.items.count < second.items.count
    default:
      throw TemplateFailure(
        "'\(sign)' does not work between \(left.typeName) and \(right.typeName)")
    }
  }

  private func isLessOrEqual(
    _ left: TemplateValue, _ right: TemplateValue, _ sign: String
  ) throws -> Bool {
    if let order = order(left, right) { return order == .before || order == .same }
    return try isLess(left, right, sign) || isEqual(left, right)
  }

  // MARK: Membership

  func contains(_ container: TemplateValue, _ value: TemplateValue) throws -> Bool {
    switch container {
    case .string(let text), .markup(let text):
      guard let part = value.text else {
        if case .undefined(let undefined) = value { throw undefined.failure }
        throw TemplateFailure("only text can be 'in' a text, not \(value.typeName)")
      }
      try budget.touch(text.utf8.count)
      return text.utf8Bytes.firstIndex(of: part.utf8Bytes, from: 0) != nil
    case .dictionary(let dictionary):
      return dictionary[try TemplateKey(value)] != nil
    case .range(let range):
      guard let number = value.realNumber, let whole = Int(exactly: number), range.count > 0 else {
        return false
      }
      let (steps, rest) = (whole &- range.start).quotientAndRemainder(dividingBy: range.step)
      return rest == 0 && (0..<range.count).contains(steps)
    case .object(let view as TemplateDictionaryView) where view.kind == .keys:
      return view.dictionary[try TemplateKey(value)] != nil
    default:
      guard container.isIterable else {
        throw TemplateFailure("'in' does not work with \(container.typeName)")
      }
      let items = try container.makeIterator()
      while let item = try items.next() {
        if try isEqual(item, value) { return true }
      }
      return false
    }
  }
}

extension String {
  /// The text as UTF-8, for searching: equal bytes are equal scalars.
  var utf8Bytes: [UInt8] { Array(utf8) }
}

extension [UInt8] {
  /// Where `part` stands first, from `start` on; nil where it does not.
  func firstIndex(of part: [UInt8], from start: Int) -> Int? {
    guard let first = part.first else { return start <= count ? start : nil }
    guard part.count <= count else { return nil }
    var at = start
    while at <= count - part.count {
      guard let found = self[at...(count - part.count)].firstIndex(of: first) else { return nil }
      if self[found..<found + part.count].elementsEqual(part) { return found }
      at = found + 1
    }
    return nil
  }
}
