// SPDX-License-Identifier: Apache-2.0

/// Statements.
extension TemplateEvaluator {
  func run(_ statements: [TemplateStatement], in scope: TemplateScope) throws -> TemplateFlow {
    for statement in statements {
      let flow = try run(statement, in: scope)
      if flow != .onwards { return flow }
    }
    return .onwards
  }

  private func run(
    _ statement: TemplateStatement, in scope: TemplateScope
  ) throws -> TemplateFlow {
    try enter(statement.source)
    defer { leave() }
    do {
      return try run(statement.kind, in: scope)
    } catch let failure as TemplateFailure {
      throw failure.placed(at: source.place(statement.source))
    }
  }

  private func run(
    _ kind: TemplateStatement.Kind, in scope: TemplateScope
  ) throws -> TemplateFlow {
    switch kind {
    case .text(let text): try write(text)
    case .output(let expression): try write(text(of: evaluate(expression, scope)))
    case .condition(let branches, let otherwise):
      return try run(branch(branches, scope) ?? otherwise, in: scope)
    case .loop(let loop): return try run(loop, in: scope)
    case .set(let target, let value): try assign(target, evaluate(value, scope), in: scope)
    case .setBlock(let target, let filter, let body):
      return try runSetBlock(target, filter, body, in: scope)
    case .macro(let macro): scope.set(macro.name ?? "", .object(make(macro, in: scope)))
    case .call(let call, let macro): try runCall(call, macro, in: scope)
    case .generation(let macro):
      let text = try make(macro, in: scope).text(CallArguments(), self)
      markSpan(of: text)
      try write(text)
    case .filter(let filter, let body): return try runFilter(filter, body, in: scope)
    case .with(let values, let body): return try runWith(values, body, in: scope)
    case .leave: return .leave
    case .next: return .next
    }
    return .onwards
  }

  private func branch(
    _ branches: [(test: TemplateExpression, body: [TemplateStatement])], _ scope: TemplateScope
  ) throws -> [TemplateStatement]? {
    for (test, body) in branches where try evaluate(test, scope).isTrue { return body }
    return nil
  }

  private func make(_ macro: TemplateMacro, in scope: TemplateScope) -> TemplateMacroObject {
    keep(scope: scope)
    return TemplateMacroObject(macro, scope: scope)
  }

  private func runCall(
    _ call: TemplateExpression, _ macro: TemplateMacro, in scope: TemplateScope
  ) throws {
    guard case .call(let callee, let arguments) = call.kind else { return }
    let function = try evaluate(callee, scope)
    var values = try evaluate(arguments, scope)
    values.named.append(("caller", .object(make(macro, in: scope))))
    try write(text(of: self.call(function, values)))
  }

  private func runFilter(
    _ filter: TemplateExpression, _ body: [TemplateStatement], in scope: TemplateScope
  ) throws -> TemplateFlow {
    let level = TemplateScope(parent: scope)
    let (text, flow) = try capturing { try run(body, in: level) }
    guard flow == .onwards else { return flow }
    blockText = text
    try write(self.text(of: evaluate(filter, level)))
    return .onwards
  }

  private func runSetBlock(
    _ target: TemplateTarget, _ filter: TemplateExpression?, _ body: [TemplateStatement],
    in scope: TemplateScope
  ) throws -> TemplateFlow {
    let level = TemplateScope(parent: scope)
    let (text, flow) = try capturing { try run(body, in: level) }
    guard flow == .onwards else { return flow }
    blockText = text
    try assign(target, filter.map { try evaluate($0, level) } ?? .string(text), in: scope)
    return .onwards
  }

  private func runWith(
    _ values: [(TemplateTarget, TemplateExpression)], _ body: [TemplateStatement],
    in scope: TemplateScope
  ) throws -> TemplateFlow {
    let level = TemplateScope(parent: scope)
    for (target, value) in values { try assign(target, evaluate(value, scope), in: level) }
    return try run(body, in: level)
  }

  // MARK: Assignment

  func assign(
    _ target: TemplateTarget, _ value: TemplateValue, in scope: TemplateScope
  ) throws {
    switch target {
    case .name(let name): scope.set(name, value)
    case .member(let holder, let name):
      guard
        case .object(let namespace as TemplateNamespaceObject) = self.value(of: holder, in: scope)
      else {
        throw TemplateFailure(
          "'\(holder)' is no namespace; only attributes of a namespace() can be set")
      }
      try namespace.set(name, value)
    case .tuple(let targets):
      let iterator = try value.makeIterator()
      for target in targets {
        guard let item = try iterator.next() else {
          throw TemplateFailure("fewer values than the \(targets.count) names to take them")
        }
        try assign(target, item, in: scope)
      }
      if try iterator.next() != nil {
        throw TemplateFailure("more values than the \(targets.count) names to take them")
      }
    }
  }

  // MARK: Loops

  private func run(_ loop: TemplateLoop, in scope: TemplateScope) throws -> TemplateFlow {
    let items = try evaluate(loop.items, scope)
    guard loop.isRecursive else { return try run(loop, over: items, in: scope, level: 0) }
    try write(text(of: loop, over: items, in: scope, level: 0))
    return .onwards
  }

  /// What a recursive loop writes.
  func text(
    of loop: TemplateLoop, over items: TemplateValue, in scope: TemplateScope, level: Int
  ) throws -> String {
    try capturing { try run(loop, over: items, in: scope, level: level) }.text
  }

  private func run(
    _ loop: TemplateLoop, over items: TemplateValue, in scope: TemplateScope, level: Int
  ) throws -> TemplateFlow {
    var state = TemplateLoopObject(
      loop, scope: scope, items: try filtered(items, loop, scope),
      length: loop.test == nil ? items.length : nil, level: level, budget: budget)
    defer {
      state.clear()
      if !isKnownUniquelyReferenced(&state) {
        keep(state)
        keep(scope: scope)
      }
    }
    var isDone = false
    while let item = try state.advance() {
      try budget.step()
      let round = TemplateScope(parent: scope)
      round.set("loop", .object(state))
      try assign(loop.target, item, in: round)
      let flow = try run(loop.body, in: round)
      if flow == .leave { break }
      // As in Jinja, rounds that were left early do not keep `else` from running.
      if flow == .onwards { isDone = true }
    }
    if isDone || loop.otherwise.isEmpty { return .onwards }
    return try run(loop.otherwise, in: TemplateScope(parent: scope))
  }

  /// The items of a loop that pass its test, each tested when its turn comes.
  private func filtered(
    _ items: TemplateValue, _ loop: TemplateLoop, _ scope: TemplateScope
  ) throws -> TemplateIterator {
    let iterator = try items.makeIterator()
    guard let test = loop.test else { return iterator }
    return try TemplateIterator(over: iterator.depth) { [unowned self] in
      while let item = try iterator.next() {
        try self.budget.step()
        let level = TemplateScope(parent: scope)
        try self.assign(loop.target, item, in: level)
        if try self.evaluate(test, level).isTrue { return item }
      }
      return nil
    }
  }
}
