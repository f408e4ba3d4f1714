// SPDX-License-Identifier: Apache-2.0

/// Checks that all filters and tests exist before anything is rendered.
///
/// Inside `if` an unknown one is an error only when it runs, as in Jinja: templates ask
/// `{% if 'name' is filter %}` first.
struct TemplateNames {
  let source: TemplateSource

  func check(_ statements: [TemplateStatement], isConditional: Bool = false) throws {
    for statement in statements { try check(statement.kind, isConditional) }
  }

  private func check(_ kind: TemplateStatement.Kind, _ isConditional: Bool) throws {
    switch kind {
    case .text, .leave, .next: return
    case .output(let value), .set(_, let value): try check(value, isConditional)
    case .condition(let branches, let otherwise):
      for (test, body) in branches {
        try check(test, true)
        try check(body, isConditional: true)
      }
      try check(otherwise, isConditional: true)
    case .loop(let loop):
      try check(loop.items, isConditional)
      if let test = loop.test { try check(test, false) }
      try check(loop.body)
      try check(loop.otherwise)
    case .setBlock(_, let filter, let body):
      if let filter { try check(filter, false) }
      try check(body)
    case .macro(let macro), .generation(let macro): try check(macro)
    case .call(let call, let macro):
      try check(call, isConditional)
      try check(macro)
    case .filter(let filter, let body):
      try check(filter, false)
      try check(body)
    case .with(let values, let body):
      for (_, value) in values { try check(value, isConditional) }
      try check(body)
    }
  }

  private func check(_ macro: TemplateMacro) throws {
    for value in macro.defaults { try check(value, false) }
    try check(macro.body)
  }

  private func check(_ expression: TemplateExpression, _ isConditional: Bool) throws {
    var isConditional = isConditional
    switch expression.kind {
    case .filter(_, let name, _) where !isConditional && TemplateFilters.table[name] == nil:
      throw TemplateError.syntax(
        source.place(expression.source), reason: TemplateFilters.unknown(name).reason)
    case .test(_, let name, _) where !isConditional && TemplateTests.table[name] == nil:
      throw TemplateError.syntax(
        source.place(expression.source), reason: TemplateTests.unknown(name).reason)
    case .conditional: isConditional = true
    default: break
    }
    for part in expression.kind.parts { try check(part, isConditional) }
  }
}
