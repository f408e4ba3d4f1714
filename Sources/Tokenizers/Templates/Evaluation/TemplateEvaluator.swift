// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Runs one template once.
final class TemplateEvaluator {
  let source: TemplateSource
  let budget: TemplateBudget
  /// What `strftime_now` reads.
  let now: () -> Date
  /// The names that rendering began with, over the built-in ones.
  private let context: [String: TemplateValue]

  /// Texts being written, the template's own first.
  private var outputs = [TemplateOutput()]
  /// Spans of the template's own text that stand in generation blocks, in scalars.
  private(set) var spans: [Range<Int>] = []
  /// The text that a filter or set block filters.
  var blockText = ""

  /// Levels of statements, expressions and calls being run: the native stack's use.
  private var depth = 0
  static let depthLimit = 200

  /// Scopes, namespaces and loops that may hold themselves; they are emptied at the end.
  private var holders: [any TemplateHolder] = []

  init(
    _ source: TemplateSource, context: [String: TemplateValue], limits: ChatTemplate.Limits,
    now: @escaping () -> Date
  ) {
    self.source = source
    self.context = context
    self.now = now
    budget = TemplateBudget(limits)
  }

  /// Renders the statements of a whole template.
  ///
  /// - Throws: ``TemplateError``.
  func render(_ statements: [TemplateStatement]) throws -> String {
    let root = TemplateScope(parent: nil)
    defer {
      for holder in holders { holder.clear() }
      holders = []
    }
    _ = try run(statements, in: root)
    return outputs[0].text
  }

  /// Has a holder emptied when rendering is over.
  func keep(_ holder: any TemplateHolder) { holders.append(holder) }

  /// Has a scope and those around it emptied when rendering is over.
  func keep(scope: TemplateScope) {
    var level: TemplateScope? = scope
    while let scope = level, !scope.isKept {
      scope.isKept = true
      holders.append(scope)
      level = scope.parent
    }
  }

  // MARK: Names and texts

  func value(of name: String, in scope: TemplateScope) -> TemplateValue {
    scope.value(name) ?? context[name] ?? TemplateGlobals.value(name)
      ?? .undefined(.name(name))
  }

  func text(of value: TemplateValue) throws -> String {
    try TemplateTextWriter.text(of: value, budget)
  }

  func write(_ text: String) throws {
    try outputs[outputs.count - 1].append(text, budget)
  }

  /// The text that `body` writes.
  func capturing(_ body: () throws -> TemplateFlow) throws -> (text: String, flow: TemplateFlow) {
    outputs.append(TemplateOutput())
    do {
      let flow = try body()
      return (outputs.removeLast().text, flow)
    } catch {
      outputs.removeLast()
      throw error
    }
  }

  /// Notes that `text`, which is about to be written, is the assistant's.
  func markSpan(of text: String) {
    let start = outputs[0].scalarCount
    spans.append(start..<start + text.unicodeScalars.count)
  }

  /// All items of a value that can be looped over, counting steps.
  func items(of value: TemplateValue) throws -> [TemplateValue] {
    let iterator = try value.makeIterator()
    var items: [TemplateValue] = []
    while let item = try iterator.next() {
      try budget.step()
      items.append(item)
    }
    return items
  }

  // MARK: Depth and places

  /// Begins a level of statements, expressions or calls at `range`; ``leave()`` ends it.
  func enter(_ range: Range<Int>) throws {
    depth += 1
    do {
      try budget.step()
      guard depth <= Self.depthLimit else {
        throw TemplateFailure(
          "calls and expressions are nested too deep; does a macro call itself forever?",
          kind: .limit)
      }
    } catch let failure as TemplateFailure {
      depth -= 1
      throw failure.placed(at: source.place(range))
    }
  }

  func leave() { depth -= 1 }
}

/// Something that may hold a value that holds it.
protocol TemplateHolder: AnyObject {
  func clear()
}

/// Where running a body leads.
enum TemplateFlow {
  case onwards
  /// `{% break %}`.
  case leave
  /// `{% continue %}`.
  case next
}
