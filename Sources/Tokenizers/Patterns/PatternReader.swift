// SPDX-License-Identifier: Apache-2.0

/// Walks over a pattern scalar by scalar.
struct PatternReader {
  private let scalars: [Unicode.Scalar]
  private var place = 0

  /// `*`, `{2,3}` and their like, as PCRE2 writes them.
  struct Quantifier {
    var text: String
    var isInterval = false
    var minimum = 0
    var maximum: Int?
  }

  init(_ pattern: String) {
    scalars = Array(pattern.unicodeScalars)
  }

  var isAtEnd: Bool { place == scalars.count }

  var peek: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

  /// The next scalars, for messages.
  func rest(_ count: Int) -> String {
    String(String.UnicodeScalarView(scalars[place...].prefix(count)))
  }

  mutating func next() -> Unicode.Scalar? {
    guard place < scalars.count else { return nil }
    place += 1
    return scalars[place - 1]
  }

  mutating func skip() { place += 1 }

  mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard peek == scalar else { return false }
    place += 1
    return true
  }

  mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard scalars[place...].starts(with: wanted) else { return false }
    place += wanted.count
    return true
  }

  /// Decimal digits, possibly none.
  mutating func digits() -> String {
    var text = ""
    while let scalar = peek, ("0"..."9").contains(scalar) {
      text.unicodeScalars.append(scalar)
      place += 1
    }
    return text
  }

  /// Up to `limit` hexadecimal digits as a number; nil where there are none.
  mutating func hexadecimal(limit: Int) -> UInt32? {
    var text = ""
    while text.count < limit, let scalar = peek, scalar.properties.isASCIIHexDigit {
      text.unicodeScalars.append(scalar)
      place += 1
    }
    return UInt32(text, radix: 16)
  }

  /// The text between two brackets; nil, and nothing read, where there are none.
  mutating func bracketed(_ opening: Unicode.Scalar, _ closing: Unicode.Scalar) -> String? {
    guard peek == opening, let end = scalars[place...].firstIndex(of: closing) else { return nil }
    let text = String(String.UnicodeScalarView(scalars[place + 1..<end]))
    place = end + 1
    return text
  }

  /// The letters of `(?i-m`, where a colon or a parenthesis follows.
  mutating func flags() -> String? {
    var end = place
    while end < scalars.count, "imx-".unicodeScalars.contains(scalars[end]) { end += 1 }
    guard end > place, end < scalars.count, scalars[end] == ":" || scalars[end] == ")" else {
      return nil
    }
    defer { place = end }
    return String(String.UnicodeScalarView(scalars[place..<end]))
  }

  /// What follows `(?` in groups that both programs have.
  mutating func groupPrefix() -> String? {
    for prefix in [":", "=", "!", ">", "<=", "<!"] where take(prefix) { return "?" + prefix }
    guard let name = bracketed("<", ">") else { return nil }
    let isName = name.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || $0 == "_" || ("0"..."9").contains($0)
    }
    return isName ? "?<\(name)>" : nil
  }

  /// A quantifier, where one stands here. Braces that hold no interval are plain text.
  mutating func quantifier() throws(PatternError) -> Quantifier? {
    guard let scalar = peek else { return nil }
    if scalar == "*" || scalar == "+" || scalar == "?" {
      place += 1
      return Quantifier(text: String(scalar))
    }
    guard scalar == "{" else { return nil }
    let start = place
    place += 1
    let low = digits()
    var high = low
    let hasComma = take(",")
    if hasComma { high = digits() }
    guard take("}"), !(low.isEmpty && high.isEmpty) else {
      place = start
      return nil
    }
    guard let minimum = Int(low.isEmpty ? "0" : low), minimum <= 60_000 else {
      throw PatternError(reason: "a repetition of more than 60000")
    }
    guard !high.isEmpty else {
      return Quantifier(text: "{\(minimum),}", isInterval: true, minimum: minimum)
    }
    guard let maximum = Int(high), maximum <= 60_000 else {
      throw PatternError(reason: "a repetition of more than 60000")
    }
    guard minimum <= maximum else {
      throw PatternError(reason: "the interval {\(minimum),\(maximum)} runs backwards")
    }
    return Quantifier(
      text: hasComma ? "{\(minimum),\(maximum)}" : "{\(minimum)}", isInterval: true,
      minimum: minimum, maximum: maximum)
  }
}
