// SPDX-License-Identifier: Apache-2.0

/// An immutable dictionary that keeps the order of its keys.
final class TemplateDictionary {
  let keys: [TemplateValue]
  let values: [TemplateValue]
  private let places: [TemplateKey: Int]
  let depth: Int

  /// Makes a dictionary; of equal keys the first stands and the last's value counts.
  ///
  /// - Throws: ``TemplateFailure`` for a key that cannot be one, or for nesting too deep.
  init(_ members: [(key: TemplateValue, value: TemplateValue)]) throws {
    var keys: [TemplateValue] = []
    var values: [TemplateValue] = []
    var places: [TemplateKey: Int] = [:]
    keys.reserveCapacity(members.count)
    values.reserveCapacity(members.count)
    places.reserveCapacity(members.count)
    var depth = 0
    for (key, value) in members {
      let place = try TemplateKey(key)
      if let known = places[place] {
        values[known] = value
      } else {
        places[place] = keys.count
        keys.append(key)
        values.append(value)
      }
      depth = max(depth, key.depth, value.depth)
    }
    (self.keys, self.values, self.places) = (keys, values, places)
    self.depth = depth + 1
    try checkDepth(depth + 1)
  }

  var count: Int { keys.count }

  /// The value of a key; nil where there is none.
  subscript(key: TemplateKey) -> TemplateValue? {
    places[key].map { values[$0] }
  }

  subscript(name: String) -> TemplateValue? { self[.text(TemplateText(name))] }

  /// The members in order.
  var members: [(key: TemplateValue, value: TemplateValue)] { Array(zip(keys, values)) }
}

/// A text that is equal to others scalar by scalar, as in Python; Swift also takes canonical
/// equivalents for equal.
struct TemplateText: Hashable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (first: Self, second: Self) -> Bool { first.text.hasSameScalars(second.text) }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension String {
  /// Whether two texts have the same scalars.
  func hasSameScalars(_ other: String) -> Bool {
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }
}

/// What makes two keys of a dictionary the same: 1, 1.0 and true are one key.
enum TemplateKey: Hashable {
  case none
  case undefined
  case integer(Int)
  case number(Double)
  case text(TemplateText)
  case tuple([TemplateKey])
  case object(ObjectIdentifier)

  /// - Throws: ``TemplateFailure`` for lists and dictionaries, which are no keys.
  init(_ value: TemplateValue) throws {
    switch value {
    case .none: self = .none
    case .undefined: self = .undefined
    case .bool(let flag): self = .integer(flag ? 1 : 0)
    case .integer(let number): self = .integer(number)
    case .number(let number): self = Int(exactly: number).map { .integer($0) } ?? .number(number)
    case .string(let text), .markup(let text): self = .text(TemplateText(text))
    case .tuple(let tuple):
      guard tuple.weight <= 10_000 else {
        throw TemplateFailure("a tuple of more than 10000 items cannot be a key", kind: .limit)
      }
      self = .tuple(try tuple.items.map { try TemplateKey($0) })
    case .range(let range): self = .tuple([.integer(range.start), .integer(range.stop)])
    case .iterator(let iterator): self = .object(ObjectIdentifier(iterator))
    case .object(let object): self = .object(ObjectIdentifier(object))
    case .list, .dictionary:
      throw TemplateFailure("a value of type \(value.typeName) cannot be a key")
    }
  }
}
