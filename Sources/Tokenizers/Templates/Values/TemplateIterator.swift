// SPDX-License-Identifier: Apache-2.0

/// Values that come one at a time, each once.
final class TemplateIterator {
  private let step: () throws -> TemplateValue?
  /// Levels of iterators and containers behind this one.
  let depth: Int

  /// - Parameters:
  ///   - depth: the depth of what the values come from.
  ///   - step: gives the next value, or nil at the end.
  /// - Throws: ``TemplateFailure`` where iterators would be chained too deep.
  init(over depth: Int, _ step: @escaping () throws -> TemplateValue?) throws {
    self.step = step
    self.depth = depth + 1
    try checkDepth(depth + 1)
  }

  func next() throws -> TemplateValue? { try step() }

  /// An iterator over these values.
  static func over(_ items: [TemplateValue], depth: Int) throws -> TemplateIterator {
    var index = 0
    return try TemplateIterator(over: depth) {
      guard index < items.count else { return nil }
      defer { index += 1 }
      return items[index]
    }
  }
}

extension TemplateValue {
  /// The values that a loop over this one sees.
  ///
  /// - Throws: ``TemplateFailure`` for what cannot be looped over.
  func makeIterator() throws -> TemplateIterator {
    switch self {
    case .undefined: return try .over([], depth: 0)
    case .string(let text):
      var scalars = text.unicodeScalars.makeIterator()
      return try TemplateIterator(over: 0) { scalars.next().map { .string(String($0)) } }
    case .markup(let text):
      var scalars = text.unicodeScalars.makeIterator()
      return try TemplateIterator(over: 0) { scalars.next().map { .markup(String($0)) } }
    case .list(let list), .tuple(let list): return try .over(list.items, depth: list.depth)
    case .dictionary(let dictionary): return try .over(dictionary.keys, depth: dictionary.depth)
    case .range(let range):
      var index = 0
      return try TemplateIterator(over: 0) {
        guard index < range.count else { return nil }
        defer { index += 1 }
        return .integer(range[index])
      }
    case .iterator(let iterator): return iterator
    case .object(let view as TemplateDictionaryView):
      return try .over(view.items(), depth: view.depth)
    default: throw TemplateFailure("a value of type \(typeName) cannot be looped over")
    }
  }

  /// Whether ``makeIterator()`` works.
  var isIterable: Bool {
    switch self {
    case .none, .bool, .integer, .number: false
    case .object(let object): object is TemplateDictionaryView || object is TemplateLoopObject
    default: true
    }
  }

  /// The number of items; nil for what has no length.
  var length: Int? {
    switch self {
    case .undefined: 0
    case .string(let text), .markup(let text): text.unicodeScalars.count
    case .list(let list), .tuple(let list): list.items.count
    case .dictionary(let dictionary): dictionary.count
    case .range(let range): range.count
    case .object(let view as TemplateDictionaryView): view.dictionary.count
    default: nil
    }
  }

  /// The items from the last to the first; nil for what cannot be reversed.
  func reversedItems() throws -> [TemplateValue]? {
    switch self {
    case .undefined: []
    case .string, .markup, .list, .tuple, .dictionary, .range, .object(is TemplateDictionaryView):
      try allItems().reversed()
    default: nil
    }
  }

  /// All items. For values whose size is bounded already; loops and filters count their steps.
  private func allItems() throws -> [TemplateValue] {
    let iterator = try makeIterator()
    var items: [TemplateValue] = []
    while let item = try iterator.next() { items.append(item) }
    return items
  }
}

/// `keys()`, `values()` or `items()` of a dictionary.
final class TemplateDictionaryView: TemplateObject {
  enum Kind: String {
    case keys, values, items
  }

  let dictionary: TemplateDictionary
  let kind: Kind

  init(_ dictionary: TemplateDictionary, _ kind: Kind) {
    self.dictionary = dictionary
    self.kind = kind
  }

  var typeName: String { "dict_\(kind.rawValue)" }
  var depth: Int { dictionary.depth + 1 }
  var isTrue: Bool { dictionary.count > 0 }

  func items() throws -> [TemplateValue] {
    switch kind {
    case .keys: dictionary.keys
    case .values: dictionary.values
    case .items:
      try dictionary.members.map { .tuple(try TemplateList([$0.key, $0.value])) }
    }
  }

  func show(_ writer: inout TemplateTextWriter) throws {
    try writer.append("\(typeName)(")
    try writer.append(items: items(), open: "[", close: "]")
    try writer.append(")")
  }
}
