// SPDX-License-Identifier: Apache-2.0

/// A set of scalars in a pattern: `[...]`, `\p{L}`, `\d` and their like.
///
/// The set is worked out with the tables here. It is written for PCRE2 with PCRE2's own properties,
/// which it finds fast, and the ranges by which these differ.
struct PatternClass {
  private(set) var set: ScalarSet
  /// PCRE2's properties that the set holds, as far as they are known.
  private var properties: Set<String>
  /// The same of the set's complement.
  private var missingProperties: Set<String> = []

  private init(_ set: ScalarSet, properties: Set<String> = []) {
    self.set = set
    self.properties = properties
  }

  /// `\w`.
  static let word = PatternClass(.word, properties: ["L", "M", "N", "Pc"])

  private mutating func add(_ other: PatternClass) {
    set = set.union(other.set)
    properties.formUnion(other.properties)
    missingProperties = []
  }

  private var inverted: PatternClass {
    var result = PatternClass(set.inverted, properties: missingProperties)
    result.missingProperties = properties
    return result
  }

  /// The set as PCRE2 writes it, one item that can be repeated.
  var pattern: String {
    // Of a set and its complement often one is short, and then needs no properties.
    if set.ranges.count <= 16 { return Self.list(set) }
    let rest = set.inverted
    if rest.ranges.count <= 16 { return "[^\(Self.items(rest))]" }
    let text =
      missingProperties.isEmpty
      ? Self.write(set, properties, isNegated: false)
      : Self.write(rest, missingProperties, isNegated: true)
    return text ?? Self.list(set)
  }

  private static func write(
    _ set: ScalarSet, _ properties: Set<String>, isNegated: Bool
  ) -> String? {
    var theirs = ScalarSet()
    var names = ""
    for name in properties.sorted() {
      guard let part = PropertySets.set(name) else { return nil }
      theirs = theirs.union(part)
      names += "\\p{\(name)}"
    }
    let missing = items(set.subtracting(theirs))
    let surplus = theirs.subtracting(set)
    if isNegated {
      let text = "[^\(names)\(missing)]"
      return surplus.isEmpty ? text : "(?:\(text)|\(list(surplus)))"
    }
    let text = "[\(names)\(missing)]"
    return surplus.isEmpty ? text : "(?:(?!\(list(surplus)))\(text))"
  }

  private static func list(_ set: ScalarSet) -> String {
    // PCRE2 refuses an empty list.
    set.isEmpty ? "(?!)" : "[\(items(set))]"
  }

  private static func items(_ set: ScalarSet) -> String {
    set.subtracting(ScalarSet([0xD800...0xDFFF])).ranges.map { range in
      let lower = "\\x{\(String(range.lowerBound, radix: 16))}"
      if range.lowerBound == range.upperBound { return lower }
      return "\(lower)-\\x{\(String(range.upperBound, radix: 16))}"
    }.joined()
  }
}

// MARK: - Brackets

extension PatternClass {
  /// Reads a bracket expression whose opening bracket has been read.
  static func read(_ reader: inout PatternReader, depth: Int = 0) throws(PatternError)
    -> PatternClass
  {
    if depth > 16 { throw PatternError(reason: "sets nested too deep") }
    let isNegated = reader.take("^")
    var result = PatternClass(ScalarSet())
    var others: ScalarSet?
    var isFirst = true
    while true {
      guard let scalar = reader.next() else { throw PatternError(reason: "'[' without ']'") }
      if scalar == "]", !isFirst { break }
      isFirst = false
      if scalar == "&", reader.take("&") {
        others = others?.intersection(result.set) ?? result.set
        result = PatternClass(ScalarSet())
        continue
      }
      result.add(try item(scalar, &reader, depth: depth))
    }
    if let others { result = PatternClass(others.intersection(result.set)) }
    return isNegated ? result.inverted : result
  }

  /// One item: a nested set, an escape, a scalar or a range of them.
  private static func item(
    _ scalar: Unicode.Scalar, _ reader: inout PatternReader, depth: Int
  ) throws(PatternError) -> PatternClass {
    if scalar == "[" {
      if reader.peek == ":", let set = try named(&reader) { return set }
      return try read(&reader, depth: depth + 1)
    }
    var first = PatternClass(ScalarSet([scalar.value...scalar.value]))
    if scalar == "\\" { first = try escape(&reader, inBrackets: true) }
    guard reader.rest(2).unicodeScalars.count == 2, reader.peek == "-",
      reader.rest(2).unicodeScalars.last != "]", first.set.ranges.count == 1,
      let low = first.set.ranges.first, low.count == 1
    else { return first }
    reader.skip()
    guard let next = reader.next() else { throw PatternError(reason: "'[' without ']'") }
    var last = ScalarSet([next.value...next.value])
    if next == "\\" { last = try escape(&reader, inBrackets: true).set }
    guard last.ranges.count == 1, let high = last.ranges.first, high.count == 1,
      low.lowerBound <= high.lowerBound
    else { throw PatternError(reason: "a range in brackets that runs backwards") }
    return PatternClass(ScalarSet([low.lowerBound...high.lowerBound]))
  }

  /// `[:alpha:]` within brackets, of which the first has been read.
  private static func named(_ reader: inout PatternReader) throws(PatternError) -> PatternClass? {
    var ahead = reader
    guard ahead.take(":") else { return nil }
    let isNegated = ahead.take("^")
    var name = ""
    while let scalar = ahead.peek, scalar.properties.isAlphabetic {
      name.unicodeScalars.append(scalar)
      ahead.skip()
    }
    guard ahead.take(":]") else { return nil }
    reader = ahead
    let set = try property(name)
    return isNegated ? set.inverted : set
  }
}

// MARK: - Escapes

extension PatternClass {
  /// Reads what follows a backslash, where it stands for a scalar or a set of them.
  static func escape(
    _ reader: inout PatternReader, inBrackets: Bool = false
  ) throws(PatternError) -> PatternClass {
    guard let scalar = reader.next() else { throw PatternError(reason: "'\\' at the end") }
    let digits = PatternClass(.category("Nd") ?? ScalarSet(), properties: ["Nd"])
    let hexadecimal = ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66])
    switch scalar {
    case "d": return digits
    case "D": return digits.inverted
    case "w": return word
    case "W": return word.inverted
    case "s": return PatternClass(.space)
    case "S": return PatternClass(.space).inverted
    case "h": return PatternClass(hexadecimal)
    case "H": return PatternClass(hexadecimal.inverted)
    case "p", "P":
      guard var name = reader.bracketed("{", "}") else {
        throw PatternError(reason: "\\\(scalar) without a name in braces")
      }
      var isNegated = scalar == "P"
      if name.hasPrefix("^") {
        name.removeFirst()
        isNegated.toggle()
      }
      let set = try property(name)
      return isNegated ? set.inverted : set
    default:
      let value = try value(of: scalar, &reader, inBrackets: inBrackets)
      return PatternClass(ScalarSet([value...value]))
    }
  }

  private static func value(
    of scalar: Unicode.Scalar, _ reader: inout PatternReader, inBrackets: Bool
  ) throws(PatternError) -> UInt32 {
    switch scalar {
    case "n": return 0x0A
    case "t": return 0x09
    case "r": return 0x0D
    case "f": return 0x0C
    case "v": return 0x0B
    case "a": return 0x07
    case "e": return 0x1B
    case "b" where inBrackets: return 0x08
    case "0":
      return 0
    case "u": return try checked(reader.hexadecimal(limit: 4))
    case "x":
      if let text = reader.bracketed("{", "}") { return try checked(UInt32(text, radix: 16)) }
      let value = try checked(reader.hexadecimal(limit: 2))
      if value > 0x7F { throw PatternError(reason: "\\x with a byte that is no character") }
      return value
    default:
      let isLetter = scalar.value < 0x80 && scalar.properties.isAlphabetic
      if isLetter || ("1"..."9").contains(scalar) {
        throw PatternError(reason: "the escape \\\(scalar) is not supported")
      }
      return scalar.value
    }
  }

  private static func checked(_ value: UInt32?) throws(PatternError) -> UInt32 {
    guard let value, Unicode.Scalar(value) != nil else {
      throw PatternError(reason: "an escape that names no character")
    }
    return value
  }

  /// The set of `\p{name}` or `[:name:]`.
  private static func property(_ name: String) throws(PatternError) -> PatternClass {
    let key = name.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
    let short = categoryNames[key] ?? key.prefix(1).uppercased() + key.dropFirst()
    if let set = ScalarSet.category(short) {
      return PatternClass(set, properties: [short == "LC" ? "L&" : short])
    }
    switch key {
    case "word": return word
    case "space": return PatternClass(.space)
    case "punct":
      let marks = ScalarSet([
        0x24...0x24, 0x2B...0x2B, 0x3C...0x3E, 0x5E...0x5E, 0x60...0x60, 0x7C...0x7C, 0x7E...0x7E,
      ])
      return PatternClass((.category("P") ?? ScalarSet()).union(marks), properties: ["P"])
    case "any": return PatternClass(.all)
    case "ascii": return PatternClass(ScalarSet([0...0x7F]))
    case "xdigit":
      return PatternClass(ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66]))
    case "blank":
      let blanks = ScalarSet.category("Zs") ?? ScalarSet()
      return PatternClass(blanks.union(ScalarSet([9...9])))
    default: break
    }
    let theirs = ["alpha": "Alphabetic", "lower": "Lowercase", "upper": "Uppercase"][key] ?? name
    let isPlain = theirs.utf8.allSatisfy { byte in
      byte == UInt8(ascii: "_") || Unicode.Scalar(byte).properties.isAlphabetic
    }
    guard isPlain, let set = PropertySets.set(theirs) else {
      throw PatternError(reason: "the property '\(name)' is not known")
    }
    return PatternClass(set, properties: [theirs])
  }

  private static let categoryNames = [
    "letter": "L", "casedletter": "LC", "l&": "LC", "lc": "LC", "uppercaseletter": "Lu",
    "lowercaseletter": "Ll", "titlecaseletter": "Lt", "modifierletter": "Lm", "otherletter": "Lo",
    "mark": "M", "nonspacingmark": "Mn", "spacingmark": "Mc", "enclosingmark": "Me",
    "number": "N", "decimalnumber": "Nd", "digit": "Nd", "letternumber": "Nl", "othernumber": "No",
    "punctuation": "P", "connectorpunctuation": "Pc", "dashpunctuation": "Pd",
    "openpunctuation": "Ps", "closepunctuation": "Pe", "initialpunctuation": "Pi",
    "finalpunctuation": "Pf", "otherpunctuation": "Po", "symbol": "S", "mathsymbol": "Sm",
    "currencysymbol": "Sc", "modifiersymbol": "Sk", "othersymbol": "So", "separator": "Z",
    "spaceseparator": "Zs", "lineseparator": "Zl", "paragraphseparator": "Zp", "other": "C",
    "control": "Cc", "cntrl": "Cc", "format": "Cf", "surrogate": "Cs", "privateuse": "Co",
    "unassigned": "Cn",
  ]
}
