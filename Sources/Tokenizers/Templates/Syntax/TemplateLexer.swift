// SPDX-License-Identifier: Apache-2.0

/// Cuts a template into tokens.
///
/// White space follows Jinja with `trim_blocks` and `lstrip_blocks`: a line break right after a block
/// or comment goes, and so do blanks between the start of a line and a block or comment; `-` takes
/// all white space on its side, `+` keeps it.
struct TemplateLexer {
  let source: TemplateSource
  private(set) var tokens: [TemplateToken] = []
  var place = 0
  /// Whether what was read last ended with a line break (or nothing was read yet).
  private var isLineStart = true

  private var scalars: [Unicode.Scalar] { source.scalars }

  /// The tokens of a template, the last one being `.end`.
  ///
  /// - Throws: ``TemplateError/syntax(_:reason:)``.
  static func tokens(of source: TemplateSource) throws -> [TemplateToken] {
    var lexer = TemplateLexer(source: source)
    try lexer.readAll()
    return lexer.tokens
  }

  private init(source: TemplateSource) {
    self.source = source
  }

  private mutating func readAll() throws {
    while let tag = nextTag() {
      if scalars[tag + 1] == "%", let raw = rawBeginning(at: tag) {
        appendData(upTo: tag, sign: raw.sign, isVariable: false)
        place = raw.end
        isLineStart = scalars[raw.end - 1] == "\n"
        try readRaw(from: tag)
        continue
      }
      let kind = scalars[tag + 1]
      let sign = sign(at: tag + 2)
      appendData(upTo: tag, sign: sign, isVariable: kind == "{")
      place = tag + (sign == nil ? 2 : 3)
      isLineStart = false
      switch kind {
      case "#": try readComment(from: tag)
      case "{": try readTag(from: tag, begin: .variableBegin)
      default: try readTag(from: tag, begin: .blockBegin)
      }
    }
    appendText(scalars[place...])
    append(.end, scalars.count..<scalars.count)
  }

  // MARK: Text between tags

  /// The place of the next `{%`, `{{` or `{#`.
  private func nextTag() -> Int? {
    var at = place
    while at + 1 < scalars.count {
      if scalars[at] == "{", "%{#".unicodeScalars.contains(scalars[at + 1]) { return at }
      at += 1
    }
    return nil
  }

  private func sign(at index: Int) -> Unicode.Scalar? {
    guard index < scalars.count, scalars[index] == "-" || scalars[index] == "+" else { return nil }
    return scalars[index]
  }

  private mutating func appendData(upTo end: Int, sign: Unicode.Scalar?, isVariable: Bool) {
    var text = scalars[place..<end]
    if sign == "-" {
      while text.last?.isPythonSpace == true { text.removeLast() }
    } else if sign == nil, !isVariable {
      let lineBreak = text.lastIndex(of: "\n")
      let start = lineBreak.map { $0 + 1 } ?? text.startIndex
      if lineBreak != nil || isLineStart, text[start...].allSatisfy(\.isPythonSpace) {
        text = text[..<start]
      }
    }
    appendText(text)
  }

  private mutating func appendText(_ text: ArraySlice<Unicode.Scalar>) {
    guard !text.isEmpty else { return }
    append(.data(String(scalars: text)), text.startIndex..<text.endIndex)
  }

  mutating func append(_ kind: TemplateToken.Kind, _ range: Range<Int>) {
    tokens.append(
      TemplateToken(kind: kind, line: source.line(of: range.lowerBound), source: range))
  }

  // MARK: Raw blocks and comments

  /// Where `{% raw %}` at `tag` ends, and its sign; nil where another tag stands.
  private func rawBeginning(at tag: Int) -> (sign: Unicode.Scalar?, end: Int)? {
    let sign = sign(at: tag + 2)
    var at = skippingSpace(from: tag + (sign == nil ? 2 : 3))
    guard matches("raw", at: at) else { return nil }
    at = skippingSpace(from: at + 3)
    if matches("-%}", at: at) { return (sign, skippingSpace(from: at + 3)) }
    return matches("%}", at: at) ? (sign, at + 2) : nil
  }

  private mutating func readRaw(from tag: Int) throws {
    var at = place
    while at + 1 < scalars.count {
      if matches("{%", at: at) {
        let sign = sign(at: at + 2)
        let word = skippingSpace(from: at + (sign == nil ? 2 : 3))
        if matches("endraw", at: word),
          let end = tagEnd(at: skippingSpace(from: word + 6), closing: "%}", trims: true)
        {
          appendData(upTo: at, sign: sign, isVariable: false)
          finishTag(end)
          return
        }
      }
      at += 1
    }
    // As in Jinja, a raw block may open at the very end.
    if place == scalars.count { return }
    throw failure("the raw block has no '{% endraw %}'", tag..<place)
  }

  private mutating func readComment(from tag: Int) throws {
    var at = place
    while at + 1 < scalars.count {
      if let end = tagEnd(at: at, closing: "#}", trims: true) {
        finishTag(end)
        return
      }
      at += 1
    }
    if place == scalars.count { return }
    throw failure("the comment has no '#}'", tag..<min(tag + 30, scalars.count))
  }

  // MARK: Ends of tags

  /// The end of a tag that closes at `at`, with the white space it swallows; nil where none closes.
  func tagEnd(at: Int, closing: String, trims: Bool) -> Int? {
    if matches("-" + closing, at: at) { return skippingSpace(from: at + 3) }
    if trims, matches("+" + closing, at: at) { return at + 3 }
    guard matches(closing, at: at) else { return nil }
    return trims && at + 2 < scalars.count && scalars[at + 2] == "\n" ? at + 3 : at + 2
  }

  mutating func finishTag(_ end: Int) {
    place = end
    isLineStart = scalars[end - 1] == "\n"
  }

  func skippingSpace(from start: Int) -> Int {
    var at = start
    while at < scalars.count, scalars[at].isPythonSpace { at += 1 }
    return at
  }

  func matches(_ word: String, at start: Int) -> Bool {
    var at = start
    for scalar in word.unicodeScalars {
      guard at < scalars.count, scalars[at] == scalar else { return false }
      at += 1
    }
    return true
  }

  func failure(_ reason: String, _ range: Range<Int>) -> TemplateError {
    .syntax(source.place(range), reason: reason)
  }
}
