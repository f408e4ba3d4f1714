// SPDX-License-Identifier: Apache-2.0

/// Expressions, from the loosest operator to the tightest.
extension TemplateParser {
  // MARK: Tuples and conditions

  func isAtTupleEnd(_ word: String?) -> Bool {
    switch current.kind {
    case .variableEnd, .blockEnd, .symbol(.closeParenthesis): true
    case .name(let name): name == word
    default: false
    }
  }

  /// One expression, or a tuple where a comma follows it.
  mutating func tuple(
    conditional: Bool = true, endingAt word: String? = nil, mayBeEmpty: Bool = false
  ) throws -> TemplateExpression {
    let start = current.source.lowerBound
    var items: [TemplateExpression] = []
    var isTuple = false
    repeat {
      if isAtTupleEnd(word) { break }
      items.append(conditional ? try expression() : try operators(.or))
      isTuple = isTuple || isAt(.comma)
    } while take(.comma)
    if !isTuple {
      if let item = items.first { return item }
      guard mayBeEmpty else { throw unexpected("an expression") }
    }
    return try make(.tuple(items), from: start)
  }

  /// An expression that may have an `if … else …` behind it.
  mutating func expression() throws -> TemplateExpression {
    try nested { parser in
      let start = parser.current.source.lowerBound
      var value = try parser.operators(.or)
      while parser.take(word: "if") {
        let test = try parser.operators(.or)
        let otherwise = parser.take(word: "else") ? try parser.expression() : nil
        value = try parser.make(
          .conditional(test: test, then: value, otherwise: otherwise), from: start)
      }
      return value
    }
  }

  // MARK: Operators

  /// How tightly operators bind, from loose to tight.
  enum Rank: Int, Comparable {
    case or, and, not, comparison, sum, concatenation, product, power, operand

    static func < (first: Rank, second: Rank) -> Bool { first.rawValue < second.rawValue }

    var tighter: Rank { Rank(rawValue: rawValue + 1) ?? .operand }
  }

  /// Operands joined by operators of at least this rank.
  mutating func operators(_ lowest: Rank) throws -> TemplateExpression {
    try nested { parser in
      let start = parser.current.source.lowerBound
      var value: TemplateExpression
      if lowest <= .not, parser.take(word: "not") {
        let operand = try parser.operators(.not)
        value = try parser.make(.not(operand), from: start)
      } else {
        value = try parser.unary()
      }
      while let rank = parser.currentRank, rank >= lowest {
        value = try parser.chain(rank, value, from: start)
      }
      return value
    }
  }

  /// The rank of the operator at the current token; nil where none stands.
  private var currentRank: Rank? {
    switch current.kind {
    case .name("or"): .or
    case .name("and"): .and
    case .name("in"): .comparison
    case .name("not"): following.kind == .name("in") ? .comparison : nil
    case .symbol(.equal), .symbol(.notEqual), .symbol(.less), .symbol(.lessOrEqual),
      .symbol(.greater), .symbol(.greaterOrEqual):
      .comparison
    case .symbol(.add), .symbol(.subtract): .sum
    case .symbol(.tilde): .concatenation
    case .symbol(.multiply), .symbol(.divide), .symbol(.floorDivide), .symbol(.modulo): .product
    case .symbol(.power): .power
    default: nil
    }
  }

  /// All operators of one rank that follow, as one expression.
  private mutating func chain(
    _ rank: Rank, _ first: TemplateExpression, from start: Int
  ) throws -> TemplateExpression {
    var operands = [first]
    var comparisons: [(ComparisonOperator, TemplateExpression)] = []
    var sums: [(ArithmeticOperator, TemplateExpression)] = []
    while currentRank == rank {
      let token = advance()
      switch rank {
      case .comparison:
        comparisons.append((comparison(token), try operators(rank.tighter)))
      case .or, .and, .concatenation:
        operands.append(try operators(rank.tighter))
      default:
        guard case .symbol(let symbol) = token.kind,
          let operation = ArithmeticOperator(rawValue: symbol.rawValue)
        else { throw unexpected("an operator") }
        sums.append((operation, try operators(rank.tighter)))
      }
    }
    return switch rank {
    case .or: try make(.or(operands), from: start)
    case .and: try make(.and(operands), from: start)
    case .concatenation: try make(.concatenation(operands), from: start)
    case .comparison: try make(.comparison(first, comparisons), from: start)
    default: try make(.arithmetic(first, sums), from: start)
    }
  }

  private mutating func comparison(_ token: TemplateToken) -> ComparisonOperator {
    switch token.kind {
    case .symbol(.equal): return .equal
    case .symbol(.notEqual): return .notEqual
    case .symbol(.less): return .less
    case .symbol(.lessOrEqual): return .lessOrEqual
    case .symbol(.greater): return .greater
    case .symbol(.greaterOrEqual): return .greaterOrEqual
    case .name("not"):
      advance()
      return .notWithin
    default: return .within
    }
  }

  /// A sign and its operand, with filters and tests behind; filters take the sign with them.
  private mutating func unary(takesFilters: Bool = true) throws -> TemplateExpression {
    let start = current.source.lowerBound
    var value: TemplateExpression
    if isAt(.subtract) || isAt(.add) {
      let isNegative = isAt(.subtract)
      advance()
      let operand = try nested { try $0.unary(takesFilters: false) }
      value = try make(isNegative ? .negative(operand) : .positive(operand), from: start)
    } else {
      value = try primary()
    }
    value = try postfix(value, from: start)
    guard takesFilters else { return value }
    while true {
      if isAt(.pipe) {
        value = try filter(of: value, from: start)
      } else if isAt(word: "is") {
        value = try test(of: value, from: start)
      } else if isAt(.openParenthesis) {
        let arguments = try arguments()
        value = try make(.call(value, arguments), from: start)
      } else {
        return value
      }
    }
  }

  // MARK: Operands

  /// A name, a literal or brackets.
  mutating func primary() throws -> TemplateExpression {
    let token = current
    let start = token.source.lowerBound
    switch token.kind {
    case .name(let name):
      advance()
      return try make(named(name), from: start)
    case .string(let first):
      var text = first
      advance()
      while case .string(let more) = current.kind {
        text += more
        advance()
      }
      return try make(.string(text), from: start)
    case .integer(let value):
      advance()
      return try make(.integer(value), from: start)
    case .number(let value):
      advance()
      return try make(.number(value), from: start)
    case .symbol(.openParenthesis):
      advance()
      let value = try tuple(mayBeEmpty: true)
      try expect(.closeParenthesis)
      return value
    case .symbol(.openBracket): return try list()
    case .symbol(.openBrace): return try dictionary()
    default: throw unexpected("an expression")
    }
  }

  private mutating func named(_ name: String) -> TemplateExpression.Kind {
    switch name {
    case "true", "True": return .bool(true)
    case "false", "False": return .bool(false)
    case "none", "None": return .none
    default:
      noteRead(name)
      return .name(name)
    }
  }

  private mutating func list() throws -> TemplateExpression {
    let start = current.source.lowerBound
    try expect(.openBracket)
    var items: [TemplateExpression] = []
    while !isAt(.closeBracket) {
      if !items.isEmpty { try expect(.comma) }
      if isAt(.closeBracket) { break }
      items.append(try expression())
    }
    try expect(.closeBracket)
    return try make(.list(items), from: start)
  }

  private mutating func dictionary() throws -> TemplateExpression {
    let start = current.source.lowerBound
    try expect(.openBrace)
    var members: [(key: TemplateExpression, value: TemplateExpression)] = []
    while !isAt(.closeBrace) {
      if !members.isEmpty { try expect(.comma) }
      if isAt(.closeBrace) { break }
      let key = try expression()
      try expect(.colon)
      members.append((key, try expression()))
    }
    try expect(.closeBrace)
    return try make(.dictionary(members), from: start)
  }
}
