// SPDX-License-Identifier: Apache-2.0

/// One piece of a template: text, the border of a tag, or a word inside a tag.
struct TemplateToken: Sendable {
  enum Kind: Sendable, Equatable {
    case data(String)
    case blockBegin
    case blockEnd
    case variableBegin
    case variableEnd
    case name(String)
    case string(String)
    case integer(Int)
    case number(Double)
    case symbol(TemplateSymbol)
    case end
  }

  let kind: Kind
  /// Line, counted from 1.
  let line: Int
  /// Scalars of the source that the token stands for.
  let source: Range<Int>

  /// What a message calls the token.
  var shown: String {
    switch kind {
    case .data: "template text"
    case .blockBegin: "'{%'"
    case .blockEnd: "'%}'"
    case .variableBegin: "'{{'"
    case .variableEnd: "'}}'"
    case .name(let name): "'\(name)'"
    case .string: "a string"
    case .integer, .number: "a number"
    case .symbol(let symbol): "'\(symbol.rawValue)'"
    case .end: "the end of the template"
    }
  }
}

/// The punctuation of expressions.
enum TemplateSymbol: String, Sendable, CaseIterable {
  case power = "**"
  case floorDivide = "//"
  case equal = "=="
  case notEqual = "!="
  case greaterOrEqual = ">="
  case lessOrEqual = "<="
  case add = "+"
  case subtract = "-"
  case divide = "/"
  case multiply = "*"
  case modulo = "%"
  case tilde = "~"
  case openBracket = "["
  case closeBracket = "]"
  case openParenthesis = "("
  case closeParenthesis = ")"
  case openBrace = "{"
  case closeBrace = "}"
  case greater = ">"
  case less = "<"
  case assign = "="
  case dot = "."
  case colon = ":"
  case pipe = "|"
  case comma = ","
  case semicolon = ";"

  /// The bracket that closes this one; nil for what opens nothing.
  var closing: TemplateSymbol? {
    switch self {
    case .openBracket: .closeBracket
    case .openParenthesis: .closeParenthesis
    case .openBrace: .closeBrace
    default: nil
    }
  }

  var isClosing: Bool {
    self == .closeBracket || self == .closeParenthesis || self == .closeBrace
  }

  private static let table: [[Unicode.Scalar]: TemplateSymbol] = Dictionary(
    uniqueKeysWithValues: allCases.map { (Array($0.rawValue.unicodeScalars), $0) })

  /// The longest symbol that begins at `place`.
  static func first(in source: [Unicode.Scalar], at place: Int) -> TemplateSymbol? {
    if place + 1 < source.count, let symbol = table[[source[place], source[place + 1]]] {
      return symbol
    }
    return table[[source[place]]]
  }
}
