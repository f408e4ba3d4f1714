// SPDX-License-Identifier: Apache-2.0

/// What stands behind an operand: attributes, indices, calls, filters and tests.
extension TemplateParser {
  /// Attributes, indices and calls behind a value.
  mutating func postfix(
    _ base: TemplateExpression, from start: Int
  ) throws -> TemplateExpression {
    var value = base
    while true {
      if isAt(.dot) {
        value = try attribute(of: value, from: start)
      } else if isAt(.openBracket) {
        value = try subscripted(value, from: start)
      } else if isAt(.openParenthesis) {
        let arguments = try arguments()
        value = try make(.call(value, arguments), from: start)
      } else {
        return value
      }
    }
  }

  private mutating func attribute(
    of value: TemplateExpression, from start: Int
  ) throws -> TemplateExpression {
    try expect(.dot)
    let token = advance()
    switch token.kind {
    case .name(let name): return try make(.attribute(value, name), from: start)
    case .integer(let number):
      let index = try make(.integer(number), from: token.source.lowerBound)
      return try make(.item(value, index), from: start)
    default: throw failure("expected a name or a number after '.'", token.source)
    }
  }

  private mutating func subscripted(
    _ value: TemplateExpression, from start: Int
  ) throws -> TemplateExpression {
    let inner = current.source.lowerBound
    try expect(.openBracket)
    var indices: [TemplateExpression] = []
    while !isAt(.closeBracket) {
      if !indices.isEmpty { try expect(.comma) }
      let first = isAt(.colon) ? nil : try expression()
      guard isAt(.colon) else {
        indices += [first].compactMap(\.self)
        continue
      }
      guard indices.isEmpty else { throw unexpected("one slice and nothing else") }
      let slice = try slice(of: value, start: first)
      try expect(.closeBracket)
      return try make(slice, from: start)
    }
    try expect(.closeBracket)
    if indices.count == 1 { return try make(.item(value, indices[0]), from: start) }
    return try make(.item(value, make(.tuple(indices), from: inner)), from: start)
  }

  /// The rest of a slice from its first colon.
  private mutating func slice(
    of value: TemplateExpression, start: TemplateExpression?
  ) throws -> TemplateExpression.Kind {
    try expect(.colon)
    let stop = isAt(.colon) || isAt(.closeBracket) ? nil : try expression()
    let step = take(.colon) && !isAt(.closeBracket) ? try expression() : nil
    return .slice(value, start: start, stop: stop, step: step)
  }

  /// The arguments of a call, brackets included.
  mutating func arguments() throws -> TemplateArguments {
    var arguments = TemplateArguments()
    let place = current.source
    try expect(.openParenthesis)
    var isFirst = true
    while !isAt(.closeParenthesis) {
      if !isFirst {
        try expect(.comma)
        if isAt(.closeParenthesis) { break }
      }
      isFirst = false
      if take(.multiply) {
        guard arguments.list == nil, arguments.dictionary == nil else { throw misplaced(place) }
        arguments.list = try expression()
      } else if take(.power) {
        guard arguments.dictionary == nil else { throw misplaced(place) }
        arguments.dictionary = try expression()
      } else if let name = currentName, following.kind == .symbol(.assign) {
        guard arguments.dictionary == nil, !arguments.named.contains(where: { $0.name == name })
        else { throw misplaced(place) }
        advance()
        advance()
        arguments.named.append((name, try expression()))
      } else {
        guard arguments.list == nil, arguments.dictionary == nil, arguments.named.isEmpty else {
          throw misplaced(place)
        }
        arguments.positional.append(try expression())
      }
    }
    try expect(.closeParenthesis)
    return arguments
  }

  private func misplaced(_ place: Range<Int>) -> TemplateError {
    failure(
      "an argument out of order: first plain ones, then named ones (each once), then *, then **",
      place)
  }

  // MARK: Filters and tests

  /// The filter behind a pipe.
  mutating func filter(
    of value: TemplateExpression?, from start: Int
  ) throws -> TemplateExpression {
    try expect(.pipe)
    return try namedFilter(of: value, from: start)
  }

  mutating func namedFilter(
    of value: TemplateExpression?, from start: Int
  ) throws -> TemplateExpression {
    let name = try dottedName()
    let arguments = isAt(.openParenthesis) ? try arguments() : TemplateArguments()
    return try make(.filter(value, name, arguments), from: start)
  }

  /// The test behind `is`.
  mutating func test(
    of value: TemplateExpression, from start: Int
  ) throws -> TemplateExpression {
    try expect(word: "is")
    let isNegated = take(word: "not")
    let name = try dottedName()
    var arguments = TemplateArguments()
    if isAt(.openParenthesis) {
      arguments = try self.arguments()
    } else if isAtTestArgument {
      guard !isAt(word: "is") else { throw unexpected("one test, not a chain of 'is'") }
      let argumentStart = current.source.lowerBound
      arguments.positional = [try postfix(primary(), from: argumentStart)]
    }
    let test = try make(.test(value, name, arguments), from: start)
    return isNegated ? try make(.not(test), from: start) : test
  }

  /// Whether an argument without brackets follows a test's name.
  private var isAtTestArgument: Bool {
    switch current.kind {
    case .name(let name): !["else", "or", "and"].contains(name)
    case .string, .integer, .number, .symbol(.openBracket), .symbol(.openBrace): true
    default: false
    }
  }

  private mutating func dottedName() throws -> String {
    var name = try expectName()
    while take(.dot) { name += "." + (try expectName()) }
    return name
  }
}
