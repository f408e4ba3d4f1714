// SPDX-License-Identifier: Apache-2.0

/// Patterns that cut a text into words without rest, as scanners in place of regular expressions.
enum WordPattern: Sendable, Equatable {
  /// GPT-2's pattern; see ``GPT2Pattern``.
  case gpt2
  /// The pattern of Llama 3 (numbers of up to three digits) and Qwen2 (single digits):
  ///
  ///     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
  ///     | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  case modern(digitCount: Int)

  /// Recognises a pattern by its text; nil for all but the three.
  init?(_ source: String) {
    let head = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#
    let tail = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    switch source {
    case #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#:
      self = .gpt2
    case head + #"\p{N}{1,3}"# + tail: self = .modern(digitCount: 3)
    case head + #"\p{N}"# + tail: self = .modern(digitCount: 1)
    default: return nil
    }
  }

  /// Appends the words of `bytes[range]`.
  func cut(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into words: inout [Range<Int>]
  ) {
    switch self {
    case .gpt2: GPT2Pattern.cut(bytes, range, into: &words)
    case .modern(let digitCount):
      let scanner = ModernPattern(
        bytes: bytes, limit: range.upperBound, digitCount: digitCount)
      var start = range.lowerBound
      while start < range.upperBound {
        let end = scanner.wordEnd(from: start)
        words.append(start..<end)
        start = end
      }
    }
  }
}

/// The scanner of ``WordPattern/modern(digitCount:)``. Its methods follow the alternatives.
private struct ModernPattern {
  let bytes: UnsafeBufferPointer<UInt8>
  let limit: Int
  let digitCount: Int

  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  @inline(__always)
  func wordEnd(from start: Int) -> Int {
    let lead = bytes[start]
    if lead == UInt8(ascii: "'") {
      let end = contractionEnd(from: start)
      if end > start { return end }
    }
    let first = UTF8Scan.scalar(bytes, at: start)
    let kind = ScalarClass(first.value)
    let next = start + first.byteCount
    if kind == .letter { return runEnd(of: .letter, from: next) }
    if kind == .number { return numberEnd(from: next) }
    if next < limit, lead != Self.lineFeed, lead != Self.carriageReturn,
      let second = scalar(at: next, of: .letter)
    {
      return runEnd(of: .letter, from: second)
    }
    if kind == .other { return newlinesEnd(from: runEnd(of: .other, from: next)) }
    if lead == UInt8(ascii: " "), next < limit, let second = scalar(at: next, of: .other) {
      return newlinesEnd(from: runEnd(of: .other, from: second))
    }
    return blankEnd(from: start)
  }

  /// The end of the scalar at `place`, where it is of this kind.
  @inline(__always)
  private func scalar(at place: Int, of kind: ScalarClass) -> Int? {
    let (value, byteCount) = UTF8Scan.scalar(bytes, at: place)
    return ScalarClass(value) == kind ? place + byteCount : nil
  }

  @inline(__always)
  private func runEnd(of kind: ScalarClass, from start: Int) -> Int {
    var place = start
    while place < limit, let next = scalar(at: place, of: kind) { place = next }
    return place
  }

  private func numberEnd(from start: Int) -> Int {
    var place = start
    var count = 1
    while count < digitCount, place < limit, let next = scalar(at: place, of: .number) {
      place = next
      count += 1
    }
    return place
  }

  private func newlinesEnd(from start: Int) -> Int {
    var place = start
    while place < limit, bytes[place] == Self.lineFeed || bytes[place] == Self.carriageReturn {
      place += 1
    }
    return place
  }

  /// `\s*[\r\n]+` to the last line end of a run of blanks, else `\s+(?!\S)|\s+`.
  private func blankEnd(from start: Int) -> Int {
    var place = start
    var last = start
    var lineEnd = start
    while place < limit, let next = scalar(at: place, of: .space) {
      if bytes[place] == Self.lineFeed || bytes[place] == Self.carriageReturn { lineEnd = next }
      last = place
      place = next
    }
    if lineEnd > start { return lineEnd }
    return place == limit || last == start ? place : last
  }

  /// The end of 's, 't, 'm, 'd, 're, 've or 'll in either case, or `start` where there is none.
  private func contractionEnd(from start: Int) -> Int {
    guard start + 1 < limit else { return start }
    switch bytes[start + 1] | 0x20 {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      // Bytes below 0x40 would pass with the case bit set, but none of them maps to a letter.
      return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return isLetter("e", at: start + 2) ? start + 3 : start
    case UInt8(ascii: "l"):
      return isLetter("l", at: start + 2) ? start + 3 : start
    default:
      // The long s is an s to a pattern that ignores case.
      let isLongS = start + 2 < limit && bytes[start + 1] == 0xC5 && bytes[start + 2] == 0xBF
      return isLongS ? start + 3 : start
    }
  }

  private func isLetter(_ letter: Unicode.Scalar, at place: Int) -> Bool {
    place < limit && bytes[place] < 0x80 && UInt32(bytes[place] | 0x20) == letter.value
  }
}
