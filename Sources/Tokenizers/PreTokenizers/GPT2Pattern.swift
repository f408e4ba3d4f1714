// SPDX-License-Identifier: Apache-2.0

/// The GPT-2 word pattern, as a scanner over UTF-8 in place of a regular expression:
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// Every byte falls into exactly one word. The lookahead leaves the last blank of a run to the
/// word that follows; only a plain space joins it.
enum GPT2Pattern {
  /// Appends the words of `bytes[range]`, which must begin and end between scalars.
  static func cut(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into words: inout [Range<Int>]
  ) {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = wordEnd(bytes, from: start, limit: range.upperBound)
      words.append(start..<end)
      start = end
    }
  }

  /// Where the word that begins at `start` ends.
  @inline(__always)
  private static func wordEnd(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, limit: Int
  ) -> Int {
    let lead = bytes[start]
    if lead == UInt8(ascii: "'") {
      let end = contractionEnd(bytes, from: start, limit: limit)
      if end > start { return end }
    }
    let first = UTF8Scan.scalar(bytes, at: start)
    let kind = ScalarClass(first.value)
    let next = start + first.byteCount
    if kind != .space { return runEnd(bytes, of: kind, from: next, limit: limit) }
    if lead == UInt8(ascii: " "), next < limit {
      let second = UTF8Scan.scalar(bytes, at: next)
      let kind = ScalarClass(second.value)
      if kind != .space {
        return runEnd(bytes, of: kind, from: next + second.byteCount, limit: limit)
      }
    }
    return blankEnd(bytes, from: start, limit: limit)
  }

  /// The end of 's, 't, 'm, 'd, 're, 've or 'll, or `start` where there is none.
  private static func contractionEnd(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, limit: Int
  ) -> Int {
    guard start + 1 < limit else { return start }
    let second = bytes[start + 1]
    switch second {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
      let third = second == UInt8(ascii: "l") ? second : UInt8(ascii: "e")
      return start + 2 < limit && bytes[start + 2] == third ? start + 3 : start
    default:
      return start
    }
  }

  @inline(__always)
  private static func runEnd(
    _ bytes: UnsafeBufferPointer<UInt8>, of kind: ScalarClass, from start: Int, limit: Int
  ) -> Int {
    var place = start
    while place < limit {
      let (value, byteCount) = UTF8Scan.scalar(bytes, at: place)
      guard ScalarClass(value) == kind else { break }
      place += byteCount
    }
    return place
  }

  /// `\s+(?!\S)|\s+`: the whole run at the end of the text, else all but its last blank, else one.
  private static func blankEnd(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, limit: Int
  ) -> Int {
    var place = start
    var last = start
    while place < limit {
      let (value, byteCount) = UTF8Scan.scalar(bytes, at: place)
      guard ScalarClass(value) == .space else { break }
      last = place
      place += byteCount
    }
    return place == limit || last == start ? place : last
  }
}
