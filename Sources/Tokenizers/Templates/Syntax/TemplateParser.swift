// SPDX-License-Identifier: Apache-2.0

/// Reads tokens into statements, by Jinja's grammar.
struct TemplateParser {
  let source: TemplateSource
  private let tokens: [TemplateToken]
  private var index = 0

  /// Levels of brackets, operators and blocks the parser is in: its own recursion, which is bounded.
  private var depth = 0
  static let depthLimit = 64
  /// Levels of one expression's tree, such as attributes of attributes.
  static let expressionDepthLimit = 100

  /// Loops that `break` and `continue` may leave from here.
  var openLoops = 0
  /// Loops around this place in the text, macros or not.
  var enclosingLoops = 0
  /// For each macro around this place: which special names are still unset, and which were read.
  private var usages: [(open: Set<String>, read: Set<String>)] = []

  /// The statements of a whole template.
  ///
  /// - Throws: ``TemplateError/syntax(_:reason:)`` or ``TemplateError/limit(_:reason:)``.
  static func parse(_ source: TemplateSource) throws -> [TemplateStatement] {
    var parser = TemplateParser(source: source, tokens: try TemplateLexer.tokens(of: source))
    let statements = try parser.body(until: [])
    try TemplateNames(source: source).check(statements)
    return statements
  }

  private init(source: TemplateSource, tokens: [TemplateToken]) {
    self.source = source
    self.tokens = tokens
  }

  // MARK: Tokens

  var current: TemplateToken { tokens[index] }

  /// The token behind the current one.
  var following: TemplateToken { tokens[min(index + 1, tokens.count - 1)] }

  /// Where the token before the current one ends.
  var lastEnd: Int { index > 0 ? tokens[index - 1].source.upperBound : 0 }

  @discardableResult
  mutating func advance() -> TemplateToken {
    defer { index = min(index + 1, tokens.count - 1) }
    return tokens[index]
  }

  /// The current name, or nil where something else stands.
  var currentName: String? {
    if case .name(let name) = current.kind { name } else { nil }
  }

  func isAt(_ symbol: TemplateSymbol) -> Bool { current.kind == .symbol(symbol) }

  func isAt(word: String) -> Bool { currentName == word }

  mutating func take(_ symbol: TemplateSymbol) -> Bool {
    guard isAt(symbol) else { return false }
    advance()
    return true
  }

  mutating func take(word: String) -> Bool {
    guard isAt(word: word) else { return false }
    advance()
    return true
  }

  mutating func expect(_ symbol: TemplateSymbol) throws {
    guard take(symbol) else { throw unexpected("'\(symbol.rawValue)'") }
  }

  mutating func expect(word: String) throws {
    guard take(word: word) else { throw unexpected("'\(word)'") }
  }

  mutating func expect(_ kind: TemplateToken.Kind, shown: String) throws {
    guard current.kind == kind else { throw unexpected(shown) }
    advance()
  }

  mutating func expectName() throws -> String {
    guard let name = currentName else { throw unexpected("a name") }
    advance()
    return name
  }

  // MARK: Errors

  func unexpected(_ wanted: String) -> TemplateError {
    failure("expected \(wanted), found \(current.shown)", current.source)
  }

  func failure(_ reason: String, _ range: Range<Int>) -> TemplateError {
    // The end of the template is an empty range: show the line that ends there.
    guard range.isEmpty else { return .syntax(source.place(range), reason: reason) }
    let line = source.scalars[..<range.lowerBound].lastIndex(of: "\n").map { $0 + 1 } ?? 0
    let start = max(line, range.lowerBound - 30)
    return .syntax(source.place(start..<range.lowerBound), reason: reason)
  }

  /// Runs `body` one level deeper.
  mutating func nested<Result>(_ body: (inout TemplateParser) throws -> Result) throws -> Result {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else {
      throw TemplateError.limit(
        source.place(current.source),
        reason: "brackets and blocks are nested more than \(Self.depthLimit) levels deep")
    }
    return try body(&self)
  }

  /// Makes an expression that ends before the current token.
  func make(_ kind: TemplateExpression.Kind, from start: Int) throws -> TemplateExpression {
    let expression = TemplateExpression(kind, start..<max(start, lastEnd))
    guard expression.depth <= Self.expressionDepthLimit else {
      throw TemplateError.limit(
        source.place(expression.source),
        reason: "an expression of more than \(Self.expressionDepthLimit) levels")
    }
    return expression
  }

  // MARK: Special names of macros

  mutating func noteRead(_ name: String) {
    for level in usages.indices where usages[level].open.contains(name) {
      usages[level].read.insert(name)
    }
  }

  mutating func noteSet(_ name: String) {
    for level in usages.indices { usages[level].open.remove(name) }
  }

  /// Reads a macro's body with `body`, and notes which special names it uses.
  mutating func filled(
    _ macro: TemplateMacro, _ body: (inout TemplateParser) throws -> [TemplateStatement]
  ) throws -> TemplateMacro {
    for name in macro.parameters { noteSet(name) }
    let outerLoops = openLoops
    openLoops = 0
    usages.append((["caller", "kwargs", "varargs"], []))
    defer { openLoops = outerLoops }
    var macro = macro
    macro.body = try body(&self)
    macro.usage = usages.removeLast().read.subtracting(
      macro.parameters.filter { $0 != "caller" })
    return macro
  }
}
