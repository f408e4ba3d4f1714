// SPDX-License-Identifier: Apache-2.0

/// Tags and the text between them.
extension TemplateParser {
  /// Statements up to a tag that begins with one of `ends`, which becomes the current token; up to
  /// the end of the template where there are none.
  mutating func body(until ends: [String]) throws -> [TemplateStatement] {
    try nested { parser in
      var statements: [TemplateStatement] = []
      while parser.current.kind != .end {
        let start = parser.current.source.lowerBound
        switch parser.current.kind {
        case .data(let text):
          statements.append(TemplateStatement(kind: .text(text), source: parser.current.source))
          parser.advance()
        case .variableBegin:
          parser.advance()
          let expression = try parser.tuple()
          try parser.expect(.variableEnd, shown: "'}}'")
          statements.append(
            TemplateStatement(kind: .output(expression), source: expression.source))
        default:
          try parser.expect(.blockBegin, shown: "a tag")
          if let name = parser.currentName, ends.contains(name) { return statements }
          let kinds = try parser.statement(in: ends)
          let source = start..<parser.lastEnd
          statements += kinds.map { TemplateStatement(kind: $0, source: source) }
          try parser.expect(.blockEnd, shown: "'%}'")
        }
      }
      guard ends.isEmpty else {
        let names = ends.map { "'\($0)'" }.joined(separator: " or ")
        throw parser.failure("the template ends where \(names) is missing", parser.current.source)
      }
      return statements
    }
  }

  /// The body of a tag: its end, statements, and the closing tag's name, which is taken.
  private mutating func block(until ends: [String]) throws -> [TemplateStatement] {
    _ = take(.colon)
    try expect(.blockEnd, shown: "'%}'")
    return try body(until: ends)
  }

  private mutating func closedBlock(_ end: String) throws -> [TemplateStatement] {
    let statements = try block(until: [end])
    advance()
    return statements
  }

  private mutating func statement(in ends: [String]) throws -> [TemplateStatement.Kind] {
    guard let tag = currentName else { throw unexpected("a tag's name") }
    let place = current.source
    switch tag {
    case "for": return [try loop()]
    case "if": return [try condition()]
    case "set": return [try set()]
    case "macro": return [try macroDefinition()]
    case "call": return [try callBlock()]
    case "filter": return [try filterBlock()]
    case "with": return [try with()]
    case "print": return try output()
    case "generation":
      advance()
      return [.generation(try filled(TemplateMacro()) { try $0.closedBlock("endgeneration") })]
    case "break", "continue":
      guard openLoops > 0 else { throw failure("'\(tag)' outside a loop", place) }
      advance()
      return [tag == "break" ? .leave : .next]
    case "block", "extends", "include", "import", "from", "autoescape":
      throw failure("'\(tag)' is not supported: a chat template stands alone", place)
    default:
      let missing = ends.isEmpty ? "" : "; a block is open that '\(ends.last ?? "")' closes"
      throw failure("unknown tag '\(tag)'\(missing)", place)
    }
  }

  // MARK: Loops and conditions

  private mutating func loop() throws -> TemplateStatement.Kind {
    try expect(word: "for")
    enclosingLoops += 1
    defer { enclosingLoops -= 1 }
    let target = try target(endingAt: "in")
    try expect(word: "in")
    let items = try tuple(conditional: false, endingAt: "recursive")
    let test = take(word: "if") ? try expression() : nil
    let isRecursive = take(word: "recursive")
    openLoops += 1
    let body: [TemplateStatement]
    do {
      defer { openLoops -= 1 }
      body = try block(until: ["endfor", "else"])
    }
    let otherwise = take(word: "else") ? try block(until: ["endfor"]) : []
    try expect(word: "endfor")
    return .loop(
      TemplateLoop(
        target: target, items: items, test: test, isRecursive: isRecursive, body: body,
        otherwise: otherwise))
  }

  private mutating func condition() throws -> TemplateStatement.Kind {
    var branches: [(test: TemplateExpression, body: [TemplateStatement])] = []
    repeat {
      advance()
      let test = try tuple(conditional: false)
      branches.append((test, try block(until: ["elif", "else", "endif"])))
    } while isAt(word: "elif")
    let otherwise = take(word: "else") ? try block(until: ["endif"]) : []
    try expect(word: "endif")
    return .condition(branches, otherwise)
  }

  // MARK: Assignments

  private mutating func set() throws -> TemplateStatement.Kind {
    try expect(word: "set")
    let target = try target(allowsMembers: true)
    if take(.assign) { return .set(target, try tuple()) }
    var filter: TemplateExpression?
    while isAt(.pipe) { filter = try self.filter(of: filter, from: current.source.lowerBound) }
    return .setBlock(target, filter: filter, try closedBlock("endset"))
  }

  private mutating func with() throws -> TemplateStatement.Kind {
    try expect(word: "with")
    var values: [(TemplateTarget, TemplateExpression)] = []
    while current.kind != .blockEnd, current.kind != .end {
      if !values.isEmpty { try expect(.comma) }
      let target = try target()
      try expect(.assign)
      values.append((target, try expression()))
    }
    return .with(values, try closedBlock("endwith"))
  }

  private mutating func output() throws -> [TemplateStatement.Kind] {
    try expect(word: "print")
    var values: [TemplateStatement.Kind] = []
    while current.kind != .blockEnd, current.kind != .end {
      if !values.isEmpty { try expect(.comma) }
      values.append(.output(try expression()))
    }
    return values
  }

  // MARK: Macros and filters over text

  private mutating func macroDefinition() throws -> TemplateStatement.Kind {
    try expect(word: "macro")
    let start = current.source
    var macro = TemplateMacro(name: try nameTarget())
    try signature(&macro)
    return .macro(try checked(filled(macro) { try $0.closedBlock("endmacro") }, start))
  }

  private mutating func callBlock() throws -> TemplateStatement.Kind {
    try expect(word: "call")
    var caller = TemplateMacro()
    if isAt(.openParenthesis) { try signature(&caller) }
    let start = current.source
    let call = try expression()
    guard case .call = call.kind else { throw failure("expected a call", call.source) }
    return .call(call, try checked(filled(caller) { try $0.closedBlock("endcall") }, start))
  }

  /// Parameters and their defaults in brackets.
  private mutating func signature(_ macro: inout TemplateMacro) throws {
    try expect(.openParenthesis)
    while !isAt(.closeParenthesis) {
      if !macro.parameters.isEmpty { try expect(.comma) }
      let name = try nameTarget()
      if take(.assign) {
        macro.defaults.append(try expression())
      } else if !macro.defaults.isEmpty {
        throw unexpected("a default for '\(name)', since a parameter before it has one")
      }
      macro.parameters.append(name)
    }
    try expect(.closeParenthesis)
  }

  private func checked(_ macro: TemplateMacro, _ range: Range<Int>) throws -> TemplateMacro {
    if macro.usage.contains("caller"), let index = macro.parameters.firstIndex(of: "caller"),
      macro.parameters.count - index > macro.defaults.count
    {
      throw failure("a parameter called 'caller' needs a default", range)
    }
    return macro
  }

  private mutating func filterBlock() throws -> TemplateStatement.Kind {
    try expect(word: "filter")
    let start = current.source.lowerBound
    var filter = try namedFilter(of: nil, from: start)
    while isAt(.pipe) { filter = try self.filter(of: filter, from: start) }
    return .filter(filter, try closedBlock("endfilter"))
  }

  // MARK: Targets

  /// A name to assign to.
  private mutating func nameTarget() throws -> String {
    let range = current.source
    let name = try expectName()
    try check(name, range)
    return name
  }

  private func check(_ name: String, _ range: Range<Int>) throws {
    if ["true", "false", "none", "True", "False", "None"].contains(name) {
      throw failure("'\(name)' cannot be assigned to", range)
    }
  }

  /// A name, a namespace's member where that is allowed, or several with commas between.
  private mutating func target(
    allowsMembers: Bool = false, endingAt word: String? = nil
  ) throws -> TemplateTarget {
    var targets: [TemplateTarget] = []
    var isTuple = false
    repeat {
      if isAtTupleEnd(word) { break }
      targets.append(try singleTarget(allowsMembers: allowsMembers))
      isTuple = isTuple || isAt(.comma)
    } while take(.comma)
    guard let first = targets.first else { throw unexpected("a name to assign to") }
    return isTuple ? .tuple(targets) : first
  }

  private mutating func singleTarget(allowsMembers: Bool) throws -> TemplateTarget {
    if allowsMembers, let name = currentName, following.kind == .symbol(.dot) {
      advance()
      advance()
      noteRead(name)
      return .member(of: name, try expectName())
    }
    // The names of a target are not read.
    let usageBefore = self
    let expression = try primary()
    let after = self
    self = usageBefore
    while lastEnd < after.lastEnd { advance() }
    return try target(expression)
  }

  private mutating func target(_ expression: TemplateExpression) throws -> TemplateTarget {
    switch expression.kind {
    case .name(let name):
      try check(name, expression.source)
      if name == "loop", enclosingLoops > 0 {
        throw failure("'loop' cannot be assigned to inside a loop", expression.source)
      }
      noteSet(name)
      return .name(name)
    case .tuple(let items):
      return .tuple(try items.map { try target($0) })
    default:
      throw failure("this cannot be assigned to", expression.source)
    }
  }
}
