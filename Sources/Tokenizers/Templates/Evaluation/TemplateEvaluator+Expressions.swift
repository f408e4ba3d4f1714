// SPDX-License-Identifier: Apache-2.0

/// Expressions.
extension TemplateEvaluator {
  func evaluate(
    _ expression: TemplateExpression, _ scope: TemplateScope
  ) throws -> TemplateValue {
    try enter(expression.source)
    defer { leave() }
    do {
      return try value(expression.kind, scope)
    } catch let failure as TemplateFailure {
      throw failure.placed(at: source.place(expression.source))
    }
  }

  private func value(
    _ kind: TemplateExpression.Kind, _ scope: TemplateScope
  ) throws -> TemplateValue {
    switch kind {
    case .none: .none
    case .bool(let flag): .bool(flag)
    case .integer(let number): .integer(number)
    case .number(let number): .number(number)
    case .string(let text): .string(text)
    case .name(let name): value(of: name, in: scope)
    case .attribute(let base, let name): try lookup.attribute(evaluate(base, scope), name)
    case .item(let base, let index):
      try lookup.item(evaluate(base, scope), evaluate(index, scope))
    case .call(let callee, let arguments):
      try call(evaluate(callee, scope), evaluate(arguments, scope))
    case .filter(let base, let name, let arguments):
      try filter(base, name, arguments, scope)
    case .test(let base, let name, let arguments):
      .bool(try test(name, evaluate(base, scope), evaluate(arguments, scope)))
    default: try composite(kind, scope)
    }
  }

  private func composite(
    _ kind: TemplateExpression.Kind, _ scope: TemplateScope
  ) throws -> TemplateValue {
    switch kind {
    case .not(let operand): return .bool(try !evaluate(operand, scope).isTrue)
    case .negative(let operand): return try arithmetic.negated(evaluate(operand, scope))
    case .positive(let operand): return try arithmetic.positive(evaluate(operand, scope))
    case .and(let operands): return try first(operands, scope) { !$0.isTrue }
    case .or(let operands): return try first(operands, scope) { $0.isTrue }
    case .arithmetic(let first, let rest):
      var value = try evaluate(first, scope)
      for (operation, operand) in rest {
        value = try arithmetic.apply(operation, value, evaluate(operand, scope))
      }
      return value
    case .comparison(let first, let rest): return .bool(try compare(first, rest, scope))
    case .concatenation(let operands): return try concatenation(operands, scope)
    case .conditional(let test, let then, let otherwise):
      if try evaluate(test, scope).isTrue { return try evaluate(then, scope) }
      guard let otherwise else {
        return .undefined(.reason("the condition is false and there is no 'else' behind it"))
      }
      return try evaluate(otherwise, scope)
    default: return try collection(kind, scope)
    }
  }

  private func collection(
    _ kind: TemplateExpression.Kind, _ scope: TemplateScope
  ) throws -> TemplateValue {
    switch kind {
    case .list(let items):
      return .list(try TemplateList(items.map { try evaluate($0, scope) }))
    case .tuple(let items):
      return .tuple(try TemplateList(items.map { try evaluate($0, scope) }))
    case .dictionary(let members):
      return .dictionary(
        try TemplateDictionary(
          members.map { (try evaluate($0.key, scope), try evaluate($0.value, scope)) }))
    case .slice(let base, let start, let stop, let step):
      return try lookup.slice(
        evaluate(base, scope), start: start.map { try evaluate($0, scope) },
        stop: stop.map { try evaluate($0, scope) }, step: step.map { try evaluate($0, scope) })
    default: return .none
    }
  }

  // MARK: Operators

  var arithmetic: TemplateArithmetic { TemplateArithmetic(budget: budget) }
  var comparison: TemplateComparison { TemplateComparison(budget: budget) }
  var lookup: TemplateLookup { TemplateLookup(budget: budget) }

  /// The first operand that decides, or the last.
  private func first(
    _ operands: [TemplateExpression], _ scope: TemplateScope,
    where decides: (TemplateValue) -> Bool
  ) throws -> TemplateValue {
    var value = TemplateValue.none
    for operand in operands {
      value = try evaluate(operand, scope)
      if decides(value) { return value }
    }
    return value
  }

  private func compare(
    _ first: TemplateExpression, _ rest: [(ComparisonOperator, TemplateExpression)],
    _ scope: TemplateScope
  ) throws -> Bool {
    var left = try evaluate(first, scope)
    for (operation, operand) in rest {
      let right = try evaluate(operand, scope)
      guard try comparison.apply(operation, left, right) else { return false }
      left = right
    }
    return true
  }

  private func concatenation(
    _ operands: [TemplateExpression], _ scope: TemplateScope
  ) throws -> TemplateValue {
    var output = TemplateOutput()
    for operand in operands {
      try output.append(text(of: evaluate(operand, scope)), budget)
    }
    return .string(output.text)
  }

  // MARK: Calls

  func evaluate(
    _ arguments: TemplateArguments, _ scope: TemplateScope
  ) throws -> CallArguments {
    var values = CallArguments()
    values.positional = try arguments.positional.map { try evaluate($0, scope) }
    if let list = arguments.list {
      values.positional += try items(of: evaluate(list, scope))
    }
    values.named = try arguments.named.map { ($0.name, try evaluate($0.value, scope)) }
    if let spread = arguments.dictionary {
      guard case .dictionary(let dictionary) = try evaluate(spread, scope) else {
        throw TemplateFailure("a dictionary belongs behind '**'")
      }
      for (key, value) in dictionary.members {
        let name = try key.requiredText("**")
        guard !values.named.contains(where: { $0.name == name }) else {
          throw TemplateFailure("'\(name)' is given twice")
        }
        values.named.append((name, value))
      }
    }
    return values
  }

  func call(_ function: TemplateValue, _ arguments: CallArguments) throws -> TemplateValue {
    switch function {
    case .undefined(let undefined): throw undefined.failure
    case .object(let object): return try object.call(arguments, self)
    default: throw TemplateFailure("a value of type \(function.typeName) cannot be called")
    }
  }

  private func filter(
    _ base: TemplateExpression?, _ name: String, _ arguments: TemplateArguments,
    _ scope: TemplateScope
  ) throws -> TemplateValue {
    let value = try base.map { try evaluate($0, scope) } ?? .string(blockText)
    return try filter(name, value, evaluate(arguments, scope))
  }

  /// Runs a filter by its name.
  func filter(
    _ name: String, _ value: TemplateValue, _ arguments: CallArguments
  ) throws -> TemplateValue {
    guard let filter = TemplateFilters.table[name] else { throw TemplateFilters.unknown(name) }
    return try filter(value, arguments, self)
  }

  /// Runs a test by its name.
  func test(
    _ name: String, _ value: TemplateValue, _ arguments: CallArguments
  ) throws -> Bool {
    guard let test = TemplateTests.table[name] else { throw TemplateTests.unknown(name) }
    return try test(value, arguments, self)
  }
}
