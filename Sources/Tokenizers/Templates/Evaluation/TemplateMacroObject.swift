// SPDX-License-Identifier: Apache-2.0

/// A macro with the scope it was made in, or the body of a call block as `caller`.
final class TemplateMacroObject: TemplateObject {
  private let macro: TemplateMacro
  private let scope: TemplateScope

  init(_ macro: TemplateMacro, scope: TemplateScope) {
    self.macro = macro
    self.scope = scope
  }

  var typeName: String { "Macro" }
  var isCallable: Bool { true }
  private var name: String { macro.name.map { "'\($0)'" } ?? "anonymous" }

  func show(_ writer: inout TemplateTextWriter) throws { try writer.append("<Macro \(name)>") }

  func attribute(_ name: String) throws -> TemplateValue? {
    switch name {
    case "name": macro.name.map { .string($0) } ?? TemplateValue.none
    case "arguments": .tuple(try TemplateList(macro.parameters.map { .string($0) }))
    case "caller": .bool(macro.usage.contains("caller"))
    case "catch_kwargs": .bool(macro.usage.contains("kwargs"))
    case "catch_varargs": .bool(macro.usage.contains("varargs"))
    default: nil
    }
  }

  func call(_ arguments: CallArguments, _ evaluator: TemplateEvaluator) throws -> TemplateValue {
    .string(try text(arguments, evaluator))
  }

  /// What the macro writes.
  func text(_ arguments: CallArguments, _ evaluator: TemplateEvaluator) throws -> String {
    let level = TemplateScope(parent: scope)
    try bind(arguments, in: level, evaluator)
    return try evaluator.capturing { try evaluator.run(macro.body, in: level) }.text
  }

  /// Hands arguments over as Jinja does: by place, by name, then `caller`, `kwargs` and `varargs`
  /// where the body reads them.
  private func bind(
    _ arguments: CallArguments, in level: TemplateScope, _ evaluator: TemplateEvaluator
  ) throws {
    var rest = arguments
    let parameters = macro.parameters
    var values: [TemplateValue?] = arguments.positional.prefix(parameters.count).map(\.self)
    var hasCaller = values.count == parameters.count && parameters.contains("caller")
    for name in parameters.dropFirst(values.count) {
      values.append(rest.take(name))
      hasCaller = hasCaller || name == "caller"
    }
    if macro.usage.contains("caller"), !hasCaller {
      level.set("caller", rest.take("caller") ?? .undefined(.reason("no caller is defined")))
    }
    if macro.usage.contains("kwargs") {
      level.set(
        "kwargs",
        .dictionary(try TemplateDictionary(rest.named.map { (.string($0.name), $0.value) })))
    } else if let (name, _) = rest.named.first {
      throw TemplateFailure("macro \(self.name) takes no argument called '\(name)'")
    }
    if macro.usage.contains("varargs") {
      let extra = Array(arguments.positional.dropFirst(parameters.count))
      level.set("varargs", .tuple(try TemplateList(extra)))
    } else if arguments.positional.count > parameters.count {
      throw TemplateFailure("macro \(self.name) takes at most \(parameters.count) arguments")
    }
    try bind(values, in: level, evaluator)
  }

  /// Sets parameters, with defaults for those that are missing. A default sees the parameters
  /// before it; those behind it are undefined meanwhile.
  private func bind(
    _ values: [TemplateValue?], in level: TemplateScope, _ evaluator: TemplateEvaluator
  ) throws {
    for (name, value) in zip(macro.parameters, values) {
      level.set(name, value ?? .undefined(.name(name)))
    }
    let firstDefault = macro.parameters.count - macro.defaults.count
    for (index, name) in macro.parameters.enumerated() where values[index] == nil {
      if index >= firstDefault {
        level.set(name, try evaluator.evaluate(macro.defaults[index - firstDefault], level))
      } else {
        level.set(name, .undefined(.reason("parameter '\(name)' was not provided")))
      }
    }
  }
}
