// SPDX-License-Identifier: Apache-2.0

/// `value.name`, `value[index]` and `value[start:stop:step]`.
struct TemplateLookup {
  let budget: TemplateBudget

  /// `value.name`: a method where there is one, then a member of that name.
  ///
  /// - Throws: ``TemplateFailure`` for an undefined value; a missing attribute is undefined.
  func attribute(_ value: TemplateValue, _ name: String) throws -> TemplateValue {
    if case .undefined(let undefined) = value { throw undefined.failure }
    if let found = try native(value, name) { return found }
    if case .dictionary(let dictionary) = value, let member = dictionary[name] { return member }
    return .undefined(.member(of: value.typeName, name))
  }

  /// `value[index]`: an item where there is one, then a method of that name.
  ///
  /// - Throws: ``TemplateFailure`` for an undefined value; a missing item is undefined.
  func item(_ value: TemplateValue, _ index: TemplateValue) throws -> TemplateValue {
    if case .undefined(let undefined) = value { throw undefined.failure }
    if let found = try element(value, index) { return found }
    if let name = index.text, let found = try native(value, name) { return found }
    let shown = try TemplateTextWriter.text(of: index, budget)
    return .undefined(.member(of: value.typeName, shown))
  }

  /// An attribute that Python's type has; nil where it has none.
  func native(_ value: TemplateValue, _ name: String) throws -> TemplateValue? {
    if name.hasPrefix("__") { return .undefined(.forbidden(of: value.typeName, name)) }
    switch value {
    case .string, .markup:
      return StringMethods.names.contains(name) ? method(value, name) : nil
    case .dictionary:
      if DictionaryMethods.forbidden.contains(name) { break }
      return DictionaryMethods.names.contains(name) ? method(value, name) : nil
    case .list:
      if ListMethods.forbidden.contains(name) { break }
      return ListMethods.names.contains(name) ? method(value, name) : nil
    case .tuple(let tuple):
      if let index = tuple.names.firstIndex(of: name) { return tuple.items[index] }
      return ListMethods.tupleNames.contains(name) ? method(value, name) : nil
    case .object(let object): return try object.attribute(name)
    default: return nil
    }
    return .undefined(.forbidden(of: value.typeName, name))
  }

  private func method(_ value: TemplateValue, _ name: String) -> TemplateValue {
    .object(TemplateMethod(value, name))
  }

  /// The item of an index or key; nil where there is none.
  private func element(_ value: TemplateValue, _ index: TemplateValue) throws -> TemplateValue? {
    if case .dictionary(let dictionary) = value {
      guard let key = try? TemplateKey(index) else { return nil }
      return dictionary[key]
    }
    guard let number = index.wholeNumber else { return nil }
    switch value {
    case .list(let list), .tuple(let list):
      return Self.place(number, list.items.count).map { list.items[$0] }
    case .range(let range):
      return Self.place(number, range.count).map { .integer(range[$0]) }
    case .string(let text), .markup(let text):
      try budget.touch(text.utf8.count)
      let scalars = text.unicodeScalars
      let index =
        number >= 0
        ? scalars.index(scalars.startIndex, offsetBy: number, limitedBy: scalars.endIndex)
        : scalars.index(scalars.endIndex, offsetBy: number, limitedBy: scalars.startIndex)
      guard let index, index < scalars.endIndex else { return nil }
      return value.withText(String(scalars[index]))
    default: return nil
    }
  }

  /// The place that an index means, counted from the end where it is negative.
  private static func place(_ index: Int, _ count: Int) -> Int? {
    let place = index < 0 ? index + count : index
    return (0..<count).contains(place) ? place : nil
  }

  // MARK: Slices

  /// `value[start:stop:step]`; nil bounds stand for the ends.
  func slice(
    _ value: TemplateValue, start: TemplateValue?, stop: TemplateValue?, step: TemplateValue?
  ) throws -> TemplateValue {
    if case .undefined(let undefined) = value { throw undefined.failure }
    let (first, end, by) = (try bound(start), try bound(stop), try bound(step) ?? 1)
    guard by != 0 else { throw TemplateFailure("a slice's step cannot be 0") }
    func places(_ count: Int) throws -> [Int] {
      try budget.make(items: count)
      return Self.places(first, end, by, count)
    }
    switch value {
    case .string(let text), .markup(let text):
      try budget.make(text.utf8.count)
      let scalars = Array(text.unicodeScalars)
      return value.withText(String(scalars: try places(scalars.count).map { scalars[$0] }))
    case .list(let list):
      return .list(try TemplateList(places(list.items.count).map { list.items[$0] }))
    case .tuple(let list):
      return .tuple(try TemplateList(places(list.items.count).map { list.items[$0] }))
    case .range(let range):
      let places = try places(range.count)
      let begin = places.first.map { range[$0] } ?? range.start
      return .range(
        TemplateRange(start: begin, step: range.step * by, count: places.count))
    default: throw TemplateFailure("a value of type \(value.typeName) has no slices")
    }
  }

  private func bound(_ value: TemplateValue?) throws -> Int? {
    switch value {
    case nil, .some(.none): return nil
    case let value?:
      guard let number = value.wholeNumber else {
        throw TemplateFailure("a slice's bounds are whole numbers, not \(value.typeName)")
      }
      return number
    }
  }

  /// The places of `count` items that a slice takes.
  private static func places(_ start: Int?, _ stop: Int?, _ step: Int, _ count: Int) -> [Int] {
    func clamped(_ bound: Int, _ low: Int, _ high: Int) -> Int {
      min(max(bound < 0 ? bound + count : bound, low), high)
    }
    if step > 0 {
      let first = start.map { clamped($0, 0, count) } ?? 0
      let end = stop.map { clamped($0, 0, count) } ?? count
      return first < end ? Array(stride(from: first, to: end, by: step)) : []
    }
    let first = start.map { clamped($0, -1, count - 1) } ?? count - 1
    let end = stop.map { clamped($0, -1, count - 1) } ?? -1
    return first > end ? Array(stride(from: first, to: end, by: step)) : []
  }
}
