// SPDX-License-Identifier: Apache-2.0

/// Cuts English words to their stems, as the ROUGE tradition does.
///
/// Source: Porter 1980, "An algorithm for suffix stripping", Program 14(3).
///
/// Departures from the paper, all those of NLTK's default mode, because the published ROUGE numbers
/// are made with it: a table of irregular words; words of one or two letters stay; *ies* and *ied*
/// become *ie* in words of four letters; *y* becomes *i* after a consonant only, and not after a
/// single letter; *bli*, *fulli* and *logi* rules; *alli* first and then step 2 again; a stem of a
/// vowel and a consonant counts as ending consonant-vowel-consonant.
struct PorterStemmer {
  private static let irregular: [String: String] = [
    "sky": "sky", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "news": "news",
    "innings": "inning", "inning": "inning", "outings": "outing", "outing": "outing",
    "cannings": "canning", "canning": "canning", "howe": "howe", "proceed": "proceed",
    "exceed": "exceed", "succeed": "succeed",
  ]

  /// The stem of a lower-case word of ASCII letters and digits.
  func stem(_ word: String) -> String {
    if let known = Self.irregular[word] { return known }
    guard word.utf8.count > 2 else { return word }
    var stem = Stem(word)
    stem.stripPlural()
    stem.stripPast()
    stem.softenY()
    stem.mapDoubleSuffix()
    stem.apply(Self.thirdStep) { $0.measure($1) > 0 }
    stem.apply(Self.fourthStep) { stem, length in
      guard stem.measure(length) > 1 else { return false }
      return !stem.ends("ion") || stem.hasByte(length - 1, in: "st")
    }
    stem.stripFinalE()
    return stem.text
  }

  fileprivate static let secondStep: [(StaticString, StaticString)] = [
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"),
    ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"),
    ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"),
    ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"),
    ("biliti", "ble"), ("fulli", "ful"),
  ]
  private static let thirdStep: [(StaticString, StaticString)] = [
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""),
    ("ness", ""),
  ]
  private static let fourthStep: [(StaticString, StaticString)] = [
    ("al", ""), ("ance", ""), ("ence", ""), ("er", ""), ("ic", ""), ("able", ""), ("ible", ""),
    ("ant", ""), ("ement", ""), ("ment", ""), ("ent", ""), ("ion", ""), ("ou", ""), ("ism", ""),
    ("ate", ""), ("iti", ""), ("ous", ""), ("ive", ""), ("ize", ""),
  ]
}

/// A word on its way through the steps; lengths address its prefixes.
private struct Stem {
  private var bytes: [UInt8]

  init(_ word: String) {
    bytes = Array(word.utf8)
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  func ends(_ suffix: StaticString) -> Bool {
    let length = suffix.utf8CodeUnitCount
    guard bytes.count >= length else { return false }
    let start = bytes.count - length
    return suffix.withUTF8Buffer { buffer in
      buffer.indices.allSatisfy { buffer[$0] == bytes[start + $0] }
    }
  }

  func hasByte(_ index: Int, in set: StaticString) -> Bool {
    index >= 0 && set.withUTF8Buffer { $0.contains(bytes[index]) }
  }

  /// For each byte of a prefix: is it a consonant? A `y` is one at the start or after a vowel.
  private func consonants(_ length: Int) -> [Bool] {
    var flags: [Bool] = []
    flags.reserveCapacity(length)
    for index in 0..<length {
      switch bytes[index] {
      case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "o"),
        UInt8(ascii: "u"):
        flags.append(false)
      case UInt8(ascii: "y"):
        flags.append(index == 0 || !flags[index - 1])
      default:
        flags.append(true)
      }
    }
    return flags
  }

  /// Porter's m: how often a vowel is followed by a consonant in the prefix.
  func measure(_ length: Int) -> Int {
    let flags = consonants(length)
    return zip(flags, flags.dropFirst()).count { !$0 && $1 }
  }

  private func endsDoubleConsonant(_ length: Int) -> Bool {
    guard length >= 2, bytes[length - 1] == bytes[length - 2] else { return false }
    return consonants(length)[length - 1]
  }

  /// Porter's *o: the prefix ends consonant, vowel, consonant other than w, x, y.
  private func endsShort(_ length: Int) -> Bool {
    let flags = consonants(length)
    if length == 2 { return !flags[0] && flags[1] }
    guard length >= 3, flags[length - 3], !flags[length - 2], flags[length - 1] else {
      return false
    }
    return !hasByte(length - 1, in: "wxy")
  }

  private mutating func replace(_ suffix: StaticString, by replacement: StaticString) {
    bytes.removeLast(suffix.utf8CodeUnitCount)
    replacement.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  /// Applies the first rule whose suffix matches, if its condition on the remaining length holds.
  mutating func apply(
    _ rules: [(StaticString, StaticString)], where condition: (Stem, Int) -> Bool
  ) {
    guard let (suffix, replacement) = rules.first(where: { ends($0.0) }) else { return }
    if condition(self, bytes.count - suffix.utf8CodeUnitCount) {
      replace(suffix, by: replacement)
    }
  }

  /// Step 1a.
  mutating func stripPlural() {
    if ends("sses") {
      replace("sses", by: "ss")
    } else if ends("ies") {
      replace("ies", by: bytes.count == 4 ? "ie" : "i")
    } else if ends("s"), !ends("ss") {
      replace("s", by: "")
    }
  }

  /// Step 1b.
  mutating func stripPast() {
    if ends("ied") {
      replace("ied", by: bytes.count == 4 ? "ie" : "i")
      return
    }
    if ends("eed") {
      if measure(bytes.count - 3) > 0 { replace("eed", by: "ee") }
      return
    }
    let cut = ends("ed") ? 2 : ends("ing") ? 3 : 0
    guard cut > 0, consonants(bytes.count - cut).contains(false) else { return }
    bytes.removeLast(cut)
    if ends("at") || ends("bl") || ends("iz") {
      bytes.append(UInt8(ascii: "e"))
    } else if endsDoubleConsonant(bytes.count) {
      if !hasByte(bytes.count - 1, in: "lsz") { bytes.removeLast() }
    } else if measure(bytes.count) == 1, endsShort(bytes.count) {
      bytes.append(UInt8(ascii: "e"))
    }
  }

  /// Step 1c.
  mutating func softenY() {
    let rest = bytes.count - 1
    guard ends("y"), rest > 1, consonants(rest)[rest - 1] else { return }
    bytes[rest] = UInt8(ascii: "i")
  }

  /// Step 2.
  mutating func mapDoubleSuffix() {
    while ends("alli"), measure(bytes.count - 4) > 0 { replace("alli", by: "al") }
    if ends("logi") {
      // The l belongs to the stem here, so that short stems such as geo- count.
      if measure(bytes.count - 3) > 0 { replace("logi", by: "log") }
      return
    }
    apply(PorterStemmer.secondStep) { $0.measure($1) > 0 }
  }

  /// Steps 5a and 5b.
  mutating func stripFinalE() {
    if ends("e") {
      let m = measure(bytes.count - 1)
      if m > 1 || (m == 1 && !endsShort(bytes.count - 1)) { bytes.removeLast() }
    }
    if ends("ll"), measure(bytes.count - 1) > 1 { bytes.removeLast() }
  }
}
