// SPDX-License-Identifier: Apache-2.0

/// A built-in function.
final class TemplateFunction: TemplateObject {
  typealias Body = (CallArguments, TemplateEvaluator) throws -> TemplateValue

  private let name: String
  private let body: Body
  let depth: Int

  /// Makes a function; `depth` is that of the values that `body` holds.
  init(_ name: String, depth: Int = 0, _ body: @escaping Body) {
    self.name = name
    self.body = body
    self.depth = depth
  }

  var typeName: String { "function" }
  var isCallable: Bool { true }
  func show(_ writer: inout TemplateTextWriter) throws { try writer.append("<function \(name)>") }

  func attribute(_ name: String) throws -> TemplateValue? {
    guard self.name == "dict", name == "fromkeys" else { return nil }
    return .object(
      TemplateFunction("fromkeys") { arguments, evaluator in
        let values = try arguments.bound("fromkeys", ["iterable", "value"], required: 1)
        let keys = try evaluator.items(of: values[0] ?? .none)
        return .dictionary(try TemplateDictionary(keys.map { ($0, values[1] ?? .none) }))
      })
  }

  func call(_ arguments: CallArguments, _ evaluator: TemplateEvaluator) throws -> TemplateValue {
    try body(arguments, evaluator)
  }
}

/// A method together with the value it belongs to.
final class TemplateMethod: TemplateObject {
  private let receiver: TemplateValue
  private let name: String

  init(_ receiver: TemplateValue, _ name: String) {
    self.receiver = receiver
    self.name = name
  }

  var typeName: String { "method" }
  var depth: Int { receiver.depth + 1 }
  var isCallable: Bool { true }
  func show(_ writer: inout TemplateTextWriter) throws { try writer.append("<method \(name)>") }

  func call(_ arguments: CallArguments, _ evaluator: TemplateEvaluator) throws -> TemplateValue {
    switch receiver {
    case .string, .markup:
      return try StringMethods(receiver, evaluator).call(name, arguments)
    case .dictionary(let dictionary):
      return try DictionaryMethods(dictionary).call(name, arguments)
    case .list(let list), .tuple(let list):
      return try ListMethods(receiver, list, evaluator).call(name, arguments)
    default: throw TemplateFailure("a value of type \(receiver.typeName) has no methods")
    }
  }
}

/// `namespace(…)`: the one kind of value whose attributes can be set, to carry something out of a loop.
final class TemplateNamespaceObject: TemplateObject, TemplateHolder {
  private var names: [String] = []
  private var values: [String: TemplateValue] = [:]

  var typeName: String { "Namespace" }

  func clear() { values = [:] }

  func set(_ name: String, _ value: TemplateValue) throws {
    guard !name.hasPrefix("_") else {
      throw TemplateFailure("a namespace's attributes may not begin with '_', as '\(name)' does")
    }
    if values.updateValue(value, forKey: name) == nil { names.append(name) }
  }

  func attribute(_ name: String) throws -> TemplateValue? { values[name] }

  func show(_ writer: inout TemplateTextWriter) throws {
    try writer.append("<Namespace {")
    for (index, name) in names.enumerated() {
      if index > 0 { try writer.append(", ") }
      try writer.append(representing: .string(name))
      try writer.append(": ")
      try writer.append(representing: values[name] ?? .none)
    }
    try writer.append("}>")
  }
}

/// `cycler(…)`: gives its values in turn, for ever.
final class TemplateCycler: TemplateObject {
  private let values: TemplateList
  private var place = 0

  init(_ values: TemplateList) { self.values = values }

  var typeName: String { "Cycler" }
  var depth: Int { values.depth }

  func attribute(_ name: String) throws -> TemplateValue? {
    switch name {
    case "current": return values.items[place]
    case "next", "reset":
      let isNext = name == "next"
      return .object(
        TemplateFunction(name, depth: depth + 1) { arguments, _ in
          _ = try arguments.bound(name, [])
          guard isNext else {
            self.place = 0
            return .none
          }
          defer { self.place = (self.place + 1) % self.values.items.count }
          return self.values.items[self.place]
        })
    default: return nil
    }
  }
}

/// `joiner(separator)`: nothing when called first, then the separator.
final class TemplateJoiner: TemplateObject {
  private let separator: TemplateValue
  private var isUsed = false

  init(_ separator: TemplateValue) { self.separator = separator }

  var typeName: String { "Joiner" }
  var depth: Int { separator.depth }
  var isCallable: Bool { true }

  func call(_ arguments: CallArguments, _ evaluator: TemplateEvaluator) throws -> TemplateValue {
    _ = try arguments.bound("joiner", [])
    defer { isUsed = true }
    return isUsed ? separator : .string("")
  }
}
