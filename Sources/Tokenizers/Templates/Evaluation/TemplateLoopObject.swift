// SPDX-License-Identifier: Apache-2.0

/// The `loop` of a loop's body.
final class TemplateLoopObject: TemplateObject, TemplateHolder {
  private let loop: TemplateLoop
  private let scope: TemplateScope
  private let budget: TemplateBudget
  /// How deep a recursive loop is, from 0.
  private let level: Int

  private var items: TemplateIterator?
  private var knownLength: Int?
  private var index = -1
  private var previous: TemplateValue?
  private var current: TemplateValue?
  /// The next item where it was looked at early.
  private var upcoming: TemplateValue?
  private var lastChanged: [TemplateValue]?

  init(
    _ loop: TemplateLoop, scope: TemplateScope, items: TemplateIterator, length: Int?, level: Int,
    budget: TemplateBudget
  ) {
    self.loop = loop
    self.scope = scope
    self.items = items
    knownLength = length
    self.level = level
    self.budget = budget
  }

  var typeName: String { "LoopContext" }
  var isCallable: Bool { true }

  func clear() {
    items = nil
    (previous, current, upcoming, lastChanged) = (nil, nil, nil, nil)
  }

  /// Goes to the next round; nil behind the last.
  func advance() throws -> TemplateValue? {
    guard let item = try peek() else { return nil }
    upcoming = nil
    index += 1
    previous = current
    current = item
    return item
  }

  private func peek() throws -> TemplateValue? {
    if upcoming == nil { upcoming = try items?.next() }
    return upcoming
  }

  /// The number of rounds. Items without a length are all fetched for it.
  private func length() throws -> Int {
    if let knownLength { return knownLength }
    var rest: [TemplateValue] = []
    while let item = try items?.next() {
      try budget.step()
      rest.append(item)
    }
    items = try .over(rest, depth: rest.reduce(0) { max($0, $1.depth) })
    let length = rest.count + index + 1 + (upcoming == nil ? 0 : 1)
    knownLength = length
    return length
  }

  func show(_ writer: inout TemplateTextWriter) throws {
    try writer.append("<LoopContext \(index + 1)/\(length())>")
  }

  func attribute(_ name: String) throws -> TemplateValue? {
    switch name {
    case "index": return .integer(index + 1)
    case "index0": return .integer(index)
    case "first": return .bool(index == 0)
    case "last": return .bool(try peek() == nil)
    case "length": return .integer(try length())
    case "revindex": return .integer(try length() - index)
    case "revindex0": return .integer(try length() - index - 1)
    case "depth": return .integer(level + 1)
    case "depth0": return .integer(level)
    case "previtem":
      guard index > 0, let previous else {
        return .undefined(.reason("there is no previous item"))
      }
      return previous
    case "nextitem": return try peek() ?? .undefined(.reason("there is no next item"))
    case "cycle", "changed":
      let isCycle = name == "cycle"
      return .object(
        TemplateFunction(name) { [unowned self] arguments, _ in
          isCycle ? try self.cycle(arguments) : try self.changed(arguments)
        })
    default: return nil
    }
  }

  private func cycle(_ arguments: CallArguments) throws -> TemplateValue {
    guard arguments.named.isEmpty, !arguments.positional.isEmpty else {
      throw TemplateFailure("loop.cycle takes one value or more, without names")
    }
    return arguments.positional[max(index, 0) % arguments.positional.count]
  }

  private func changed(_ arguments: CallArguments) throws -> TemplateValue {
    guard arguments.named.isEmpty else {
      throw TemplateFailure("loop.changed takes values without names")
    }
    let values = arguments.positional
    if let lastChanged, lastChanged.count == values.count {
      let comparison = TemplateComparison(budget: budget)
      let isSame = try zip(lastChanged, values).allSatisfy { try comparison.isEqual($0, $1) }
      if isSame { return .bool(false) }
    }
    lastChanged = values
    return .bool(true)
  }

  /// `loop(items)`: the loop over other items, one level deeper.
  func call(_ arguments: CallArguments, _ evaluator: TemplateEvaluator) throws -> TemplateValue {
    guard loop.isRecursive else {
      throw TemplateFailure("only a loop marked 'recursive' can be called")
    }
    let values = try arguments.bound("loop", ["iterable"], required: 1)
    let text = try evaluator.text(
      of: loop, over: values[0] ?? .none, in: scope, level: level + 1)
    return .string(text)
  }
}
