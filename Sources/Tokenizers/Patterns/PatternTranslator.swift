// SPDX-License-Identifier: Apache-2.0

/// Rewrites a regular expression from Oniguruma's syntax, in which tokenizer files write them, into
/// PCRE2's.
///
/// The two differ in what `\h`, `\v`, `(?m)`, `{2}?` and `{1,3}+` mean, in sets with `&&` and sets
/// in sets, and in the version of Unicode. What has no counterpart here (`(?x)`, calls, conditions,
/// absent operators) is refused by name.
struct PatternTranslator {
  private var reader: PatternReader
  private var depth = 0
  private static let depthLimit = 64

  /// Translates a whole pattern.
  static func translate(_ pattern: String) throws(PatternError) -> String {
    var translator = PatternTranslator(reader: PatternReader(pattern))
    let text = try translator.alternatives()
    if !translator.reader.isAtEnd { throw PatternError(reason: "')' without '('") }
    return text
  }

  /// Everything up to a closing parenthesis or the end.
  private mutating func alternatives() throws(PatternError) -> String {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.depthLimit { throw PatternError(reason: "groups nested too deep") }
    var text = ""
    while let next = reader.peek, next != ")" {
      if reader.take("|") {
        text += "|"
        continue
      }
      text += try quantified(try atom())
    }
    return text
  }

  private mutating func atom() throws(PatternError) -> String {
    guard let scalar = reader.next() else { return "" }
    switch scalar {
    case "(": return try group()
    case "[": return try PatternClass.read(&reader).pattern
    case "\\": return try escape()
    case ".", "^", "$": return String(scalar)
    case "*", "+", "?": throw PatternError(reason: "nothing to repeat before '\(scalar)'")
    default: return Self.literal(scalar)
    }
  }

  /// A scalar that stands for itself.
  static func literal(_ scalar: Unicode.Scalar) -> String {
    let isPlain =
      scalar.value >= 0x80 || scalar.properties.isAlphabetic || scalar == "_"
      || ("0"..."9").contains(scalar)
    if isPlain { return String(scalar) }
    return scalar.value < 0x21 || scalar.value == 0x7F
      ? "\\x{\(String(scalar.value, radix: 16))}" : "\\\(scalar)"
  }
}

// MARK: - Groups

extension PatternTranslator {
  private mutating func group() throws(PatternError) -> String {
    var opening = "("
    if reader.take("?") {
      if reader.take("#") {
        while let scalar = reader.next(), scalar != ")" {}
        return ""
      }
      if let flags = reader.flags() { return try flagged(flags) }
      guard let prefix = reader.groupPrefix() else {
        throw PatternError(reason: "a kind of group that is not supported: (?\(reader.rest(8))")
      }
      opening += prefix
    }
    let body = try alternatives()
    guard reader.take(")") else { throw PatternError(reason: "'(' without ')'") }
    return "\(opening)\(body))"
  }

  /// `(?i:...)`, or `(?i)`, which reaches to the end of the group around it and takes the
  /// alternatives there along.
  private mutating func flagged(_ flags: String) throws(PatternError) -> String {
    if flags.contains("x") { throw PatternError(reason: "(?x) is not supported") }
    // There "m" lets the dot match a line feed.
    let translated = flags.replacing("m", with: "s")
    if reader.take(":") {
      let body = try alternatives()
      guard reader.take(")") else { throw PatternError(reason: "'(' without ')'") }
      return "(?\(translated):\(body))"
    }
    guard reader.take(")") else { throw PatternError(reason: "unfinished option '(?\(flags)'") }
    return "(?\(translated):\(try alternatives()))"
  }
}

// MARK: - Repetition

extension PatternTranslator {
  private mutating func quantified(_ atom: String) throws(PatternError) -> String {
    var text = atom
    var isFirst = true
    while let quantifier = try reader.quantifier() {
      if !isFirst { text = "(?:\(text))" }
      isFirst = false
      if quantifier.isInterval {
        let isFixed = quantifier.minimum == quantifier.maximum
        text += quantifier.text
        // "{2}?" is optional; "{1,3}+" is a repetition of the interval, not a possessive one.
        if !isFixed, reader.take("?") { text += "?" }
      } else {
        text += quantifier.text
        if reader.take("?") {
          text += "?"
        } else if reader.take("+") {
          text += "+"
        }
      }
    }
    return text
  }
}

// MARK: - Escapes

extension PatternTranslator {
  private mutating func escape() throws(PatternError) -> String {
    guard let scalar = reader.peek else { throw PatternError(reason: "'\\' at the end") }
    let word = PatternClass.word
    switch scalar {
    case "A", "z", "Z", "G", "K", "X":
      reader.skip()
      return "\\\(scalar)"
    case "b", "B":
      reader.skip()
      let (yes, no) = (word.pattern, word.pattern)
      return scalar == "b"
        ? "(?:(?<=\(yes))(?!\(no))|(?<!\(yes))(?=\(no)))"
        : "(?:(?<=\(yes))(?=\(no))|(?<!\(yes))(?!\(no)))"
    case "R":
      reader.skip()
      return "(?>\\r\\n|[\\n-\\r\\x{85}\\x{2028}\\x{2029}])"
    case "N":
      reader.skip()
      return "[^\\n]"
    case "O":
      reader.skip()
      return "(?s:.)"
    case "k":
      reader.skip()
      guard let name = reader.bracketed("<", ">") else {
        throw PatternError(reason: "\\k without <name>")
      }
      return "\\k<\(name)>"
    case "1"..."9":
      return "\\g{\(reader.digits())}"
    default:
      return try PatternClass.escape(&reader).pattern
    }
  }
}
