// SPDX-License-Identifier: Apache-2.0

/// One piece of a template's body.
struct TemplateStatement: Sendable {
  indirect enum Kind: Sendable {
    case text(String)
    case output(TemplateExpression)
    case condition([(test: TemplateExpression, body: [TemplateStatement])], [TemplateStatement])
    case loop(TemplateLoop)
    case set(TemplateTarget, TemplateExpression)
    case setBlock(TemplateTarget, filter: TemplateExpression?, [TemplateStatement])
    case macro(TemplateMacro)
    /// A macro call with a body, which the macro gets as `caller`.
    case call(TemplateExpression, TemplateMacro)
    /// What the assistant says: rendered like any body, and its span is kept.
    case generation(TemplateMacro)
    case filter(TemplateExpression, [TemplateStatement])
    case with([(TemplateTarget, TemplateExpression)], [TemplateStatement])
    case leave
    case next
  }

  let kind: Kind
  /// The tag, for errors.
  let source: Range<Int>
}

/// `{% for target in items if test recursive %} … {% else %} … {% endfor %}`.
struct TemplateLoop: Sendable {
  var target: TemplateTarget
  var items: TemplateExpression
  var test: TemplateExpression?
  var isRecursive: Bool
  var body: [TemplateStatement]
  var otherwise: [TemplateStatement]
}

/// A macro, or the nameless one that a call block's body is.
struct TemplateMacro: Sendable {
  var name: String?
  var parameters: [String] = []
  /// The defaults of the last parameters.
  var defaults: [TemplateExpression] = []
  var body: [TemplateStatement] = []
  /// Which of the names `caller`, `kwargs` and `varargs` the body reads without having set them;
  /// only these are handed over.
  var usage: Set<String> = []
}

/// What may stand before an equals sign.
indirect enum TemplateTarget: Sendable {
  case name(String)
  /// An attribute of a namespace.
  case member(of: String, String)
  case tuple([TemplateTarget])
}
