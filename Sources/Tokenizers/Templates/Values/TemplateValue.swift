// SPDX-License-Identifier: Apache-2.0

/// A value while a template runs. It behaves as the Python value that Jinja would have.
enum TemplateValue {
  case undefined(TemplateUndefined)
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  /// Text marked as HTML by `safe` or `escape`; a sum with it escapes the other side.
  case markup(String)
  case list(TemplateList)
  case tuple(TemplateList)
  case dictionary(TemplateDictionary)
  case range(TemplateRange)
  /// Values that come one at a time and only once, as many filters give them.
  case iterator(TemplateIterator)
  case object(any TemplateObject)

  /// Deeper nesting of values is an error: printing, comparing and freeing them recurses.
  static let depthLimit = 100

  /// Levels of containers, this one included; 0 for plain values.
  var depth: Int {
    switch self {
    case .list(let list), .tuple(let list): list.depth
    case .dictionary(let dictionary): dictionary.depth
    case .iterator(let iterator): iterator.depth
    case .object(let object): object.depth
    default: 0
    }
  }

  /// Items in all levels of lists, this value included.
  var weight: Int {
    switch self {
    case .list(let list), .tuple(let list): list.weight
    default: 1
    }
  }

  /// Python's name of the type.
  var typeName: String {
    switch self {
    case .undefined: "Undefined"
    case .none: "None"
    case .bool: "bool"
    case .integer: "int"
    case .number: "float"
    case .string: "str"
    case .markup: "Markup"
    case .list: "list"
    case .tuple: "tuple"
    case .dictionary: "dict"
    case .range: "range"
    case .iterator: "generator"
    case .object(let object): object.typeName
    }
  }

  /// The text of a string, marked or not.
  var text: String? {
    switch self {
    case .string(let text), .markup(let text): text
    default: nil
    }
  }

  /// A string made from this string; a marked one stays marked.
  func withText(_ text: String) -> TemplateValue {
    if case .markup = self { .markup(text) } else { .string(text) }
  }

  var isUndefined: Bool {
    if case .undefined = self { true } else { false }
  }

  /// What `if` makes of the value.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let flag): flag
    case .integer(let number): number != 0
    case .number(let number): number != 0
    case .string(let text), .markup(let text): !text.isEmpty
    case .list(let list), .tuple(let list): !list.items.isEmpty
    case .dictionary(let dictionary): dictionary.count > 0
    case .range(let range): range.count > 0
    case .iterator: true
    case .object(let object): object.isTrue
    }
  }
}

/// Why a value is undefined; using it for more than printing and testing is an error that says so.
enum TemplateUndefined {
  case name(String)
  case member(of: String, String)
  case reason(String)
  /// An attribute that templates may not touch.
  case forbidden(of: String, String)

  var failure: TemplateFailure {
    switch self {
    case .name(let name): TemplateFailure("'\(name)' is undefined")
    case .member(let type, let name): TemplateFailure("\(type) has no attribute '\(name)'")
    case .reason(let reason): TemplateFailure(reason)
    case .forbidden(let type, let name):
      TemplateFailure("the attribute '\(name)' of \(type) is not open to templates")
    }
  }
}

/// An immutable list or tuple.
final class TemplateList {
  let items: [TemplateValue]
  let depth: Int
  /// Items in all levels together; a list may hold another one many times.
  let weight: Int
  /// Names of a tuple's items, where they have any.
  let names: [String]

  /// - Throws: ``TemplateFailure`` where values would be nested too deep.
  init(_ items: [TemplateValue], names: [String] = []) throws {
    self.items = items
    self.names = names
    depth = 1 + items.reduce(0) { max($0, $1.depth) }
    weight = items.reduce(1) { min($0 + $1.weight, 1 << 40) }
    try checkDepth(depth)
  }
}

/// Throws where values would be nested deeper than ``TemplateValue/depthLimit``.
func checkDepth(_ depth: Int) throws {
  guard depth <= TemplateValue.depthLimit else {
    throw TemplateFailure(
      "values are nested more than \(TemplateValue.depthLimit) levels deep", kind: .limit)
  }
}

/// `range(start, stop, step)`.
struct TemplateRange {
  var start: Int
  var step: Int
  var count: Int

  /// Most numbers a range may have, as in Jinja's sandbox.
  static let limit = 100_000

  subscript(index: Int) -> Int { start + index * step }

  /// The value one step behind the last.
  var stop: Int { start + count * step }
}

/// Something with attributes or a call that only templates know: a macro, a loop, a namespace.
protocol TemplateObject: AnyObject {
  var typeName: String { get }
  /// Levels of values held; see ``TemplateValue/depth``.
  var depth: Int { get }
  var isTrue: Bool { get }
  var isCallable: Bool { get }
  /// What printing shows, with the texts of values inside made by `writer`.
  func show(_ writer: inout TemplateTextWriter) throws
  /// An attribute; nil where there is none of that name.
  func attribute(_ name: String) throws -> TemplateValue?
  func call(_ arguments: CallArguments, _ evaluator: TemplateEvaluator) throws -> TemplateValue
}

extension TemplateObject {
  var depth: Int { 0 }
  var isTrue: Bool { true }
  var isCallable: Bool { false }
  func show(_ writer: inout TemplateTextWriter) throws { try writer.append("<\(typeName)>") }
  func attribute(_ name: String) throws -> TemplateValue? { nil }
  func call(_ arguments: CallArguments, _ evaluator: TemplateEvaluator) throws -> TemplateValue {
    throw TemplateFailure("a value of type \(typeName) cannot be called")
  }
}
