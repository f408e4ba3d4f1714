// SPDX-License-Identifier: Apache-2.0

/// What stages ask about a scalar; a set of the answers that are yes.
///
/// The tables are read off Python's `tokenizers` (see `UnicodeTables`), for whom a character is a
/// letter, a word character or punctuation decides about ids.
struct ScalarProperties: OptionSet, Sendable {
  let rawValue: UInt16

  /// `\p{L}` in patterns.
  static let letter = ScalarProperties(rawValue: 1)
  /// `\p{N}` in patterns.
  static let number = ScalarProperties(rawValue: 1 << 1)
  /// White space, the same 25 characters everywhere.
  static let space = ScalarProperties(rawValue: 1 << 2)
  /// `\w` of the Whitespace stage and of added tokens that stand alone.
  static let word = ScalarProperties(rawValue: 1 << 3)
  /// What the Digits stage cuts out.
  static let numeric = ScalarProperties(rawValue: 1 << 4)
  /// What the Punctuation and BertPreTokenizer stages cut out.
  static let punctuation = ScalarProperties(rawValue: 1 << 5)
  /// What BertNormalizer's cleaning leaves out.
  static let bertControl = ScalarProperties(rawValue: 1 << 6)
  /// What BertNormalizer's stripping of accents leaves out.
  static let nonspacingMark = ScalarProperties(rawValue: 1 << 7)
  /// What StripAccents leaves out.
  static let combiningMark = ScalarProperties(rawValue: 1 << 8)

  /// The table over all scalars.
  static let table: ScalarTable<UInt16> = {
    var flat = [UInt16](repeating: 0, count: TableText.codePointCount)
    func add(_ ranges: [ClosedRange<UInt32>], _ property: ScalarProperties) {
      for range in ranges {
        for value in range { flat[Int(value)] |= property.rawValue }
      }
    }
    let categories = GeneralCategory.ranges
    for (category, ranges) in categories {
      switch category.first {
      case "L": add(ranges, .letter)
      case "N": add(ranges, .number)
      default: break
      }
    }
    add(ScalarSet.space.ranges, .space)
    add(TableText.ranges(UnicodeTables.words), .word)
    add(TableText.ranges(UnicodeTables.numerics), .numeric)
    add(TableText.ranges(UnicodeTables.punctuation), .punctuation)
    add(TableText.ranges(UnicodeTables.bertControls), .bertControl)
    add(TableText.ranges(UnicodeTables.nonspacingMarks), .nonspacingMark)
    add(TableText.ranges(UnicodeTables.combiningMarks), .combiningMark)
    return ScalarTable(flat)
  }()

  /// The properties of a scalar value.
  @inline(__always)
  static func of(_ value: UInt32) -> ScalarProperties {
    ScalarProperties(rawValue: table[value])
  }
}

/// The 30 general categories as patterns know them.
enum GeneralCategory {
  static let names = [
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn",
  ]

  /// The ranges of each category, ascending.
  static let ranges: [String: [ClosedRange<UInt32>]] = {
    var ranges: [String: [ClosedRange<UInt32>]] = [:]
    TableText.forEachRun(UnicodeTables.categories) { run, letter in
      guard let byte = letter.first, !run.isEmpty else { return }
      let index = byte >= 0x61 ? Int(byte) - 0x61 + 26 : Int(byte) - 0x41
      ranges[names[index], default: []].append(
        UInt32(run.lowerBound)...UInt32(run.upperBound - 1))
    }
    return ranges
  }()
}

/// The classes that tokenizer patterns tell apart: `\p{L}`, `\p{N}`, `\s` and the rest.
enum ScalarClass: UInt8 {
  case other = 0
  case letter = 1
  case number = 2
  case space = 4

  /// The class of a scalar value; ASCII needs no table.
  @inline(__always)
  init(_ value: UInt32) {
    if value < 0x80 {
      let lower = value | 0x20
      if lower >= 0x61 && lower <= 0x7A {
        self = .letter
      } else if value == 0x20 || (value >= 9 && value <= 13) {
        self = .space
      } else if value >= 0x30 && value <= 0x39 {
        self = .number
      } else {
        self = .other
      }
    } else {
      self = ScalarClass(wide: value)
    }
  }

  private init(wide value: UInt32) {
    self =
      ScalarClass(rawValue: UInt8(truncatingIfNeeded: ScalarProperties.table[value] & 7)) ?? .other
  }
}
