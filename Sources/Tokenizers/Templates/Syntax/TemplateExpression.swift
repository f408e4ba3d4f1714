// SPDX-License-Identifier: Apache-2.0

/// One expression of a template, with the piece of the source it was written as.
final class TemplateExpression: Sendable {
  enum Kind: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case name(String)
    case list([TemplateExpression])
    case tuple([TemplateExpression])
    case dictionary([(key: TemplateExpression, value: TemplateExpression)])
    case conditional(
      test: TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)
    case and([TemplateExpression])
    case or([TemplateExpression])
    case not(TemplateExpression)
    case negative(TemplateExpression)
    case positive(TemplateExpression)
    case comparison(TemplateExpression, [(ComparisonOperator, TemplateExpression)])
    /// Operators of one rank, from left to right.
    case arithmetic(TemplateExpression, [(ArithmeticOperator, TemplateExpression)])
    case concatenation([TemplateExpression])
    case attribute(TemplateExpression, String)
    case item(TemplateExpression, TemplateExpression)
    case slice(
      TemplateExpression, start: TemplateExpression?, stop: TemplateExpression?,
      step: TemplateExpression?)
    case call(TemplateExpression, TemplateArguments)
    /// A filter; without a value it stands in a filter or set block and takes the block's text.
    case filter(TemplateExpression?, String, TemplateArguments)
    case test(TemplateExpression, String, TemplateArguments)
  }

  let kind: Kind
  let source: Range<Int>
  /// Levels of expressions below this one, this one included.
  let depth: Int

  init(_ kind: Kind, _ source: Range<Int>) {
    self.kind = kind
    self.source = source
    depth = 1 + kind.parts.reduce(0) { max($0, $1.depth) }
  }
}

enum ComparisonOperator: Sendable {
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, within, notWithin
}

enum ArithmeticOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case modulo = "%"
  case power = "**"
}

/// What stands between the brackets of a call.
struct TemplateArguments: Sendable {
  var positional: [TemplateExpression] = []
  var named: [(name: String, value: TemplateExpression)] = []
  /// `*list`.
  var list: TemplateExpression?
  /// `**dictionary`.
  var dictionary: TemplateExpression?

  var parts: [TemplateExpression] {
    positional + named.map(\.value) + [list, dictionary].compactMap(\.self)
  }
}

extension TemplateExpression.Kind {
  /// The expressions directly below.
  var parts: [TemplateExpression] {
    switch self {
    case .none, .bool, .integer, .number, .string, .name: []
    case .list(let items), .tuple(let items), .and(let items), .or(let items),
      .concatenation(let items):
      items
    case .dictionary(let members): members.flatMap { [$0.key, $0.value] }
    case .conditional(let test, let then, let otherwise):
      [test, then] + [otherwise].compactMap(\.self)
    case .not(let operand), .negative(let operand), .positive(let operand),
      .attribute(let operand, _):
      [operand]
    case .comparison(let first, let rest): [first] + rest.map(\.1)
    case .arithmetic(let first, let rest): [first] + rest.map(\.1)
    case .item(let base, let index): [base, index]
    case .slice(let base, let start, let stop, let step):
      [base] + [start, stop, step].compactMap(\.self)
    case .call(let callee, let arguments): [callee] + arguments.parts
    case .filter(let base, _, let arguments): [base].compactMap(\.self) + arguments.parts
    case .test(let base, _, let arguments): [base] + arguments.parts
    }
  }
}
