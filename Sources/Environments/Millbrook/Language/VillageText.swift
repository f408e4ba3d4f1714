// SPDX-License-Identifier: Apache-2.0

/// A text split into words at spaces, tabs and line breaks, with the place of each.
struct VillageText: Sendable {
  /// The words by number; words unknown to the village count down from −1, alike for alike.
  private(set) var words: [Word] = []
  /// Where each word stands, half-open in Unicode scalars of the text.
  private(set) var scalars: [Range<Int>] = []

  /// Splits any text at all; takes time in proportion to its length.
  init(_ text: String, grammar: Grammar) {
    var unknown: [String: Word] = [:]
    var text = text
    text.withUTF8 { bytes in
      words.reserveCapacity(bytes.count / 4)
      scalars.reserveCapacity(bytes.count / 4)
      var scalar = 0
      var start: (byte: Int, scalar: Int)?
      func close(_ end: Int) {
        guard let begun = start else { return }
        let spelling = String(decoding: bytes[begun.byte..<end], as: UTF8.self)
        if let word = grammar.lexicon.number(spelling) {
          words.append(word)
        } else {
          let word = unknown[spelling] ?? Word(-1 - unknown.count)
          unknown[spelling] = word
          words.append(word)
        }
        scalars.append(begun.scalar..<scalar)
        start = nil
      }
      for (place, byte) in bytes.enumerated() {
        if byte == 0x20 || (0x09...0x0d).contains(byte) {
          close(place)
        } else if start == nil {
          start = (place, scalar)
        }
        if byte & 0xc0 != 0x80 { scalar += 1 }
      }
      close(bytes.count)
    }
  }

  /// The scalars from the first to the last of these words.
  func span(_ range: Range<Int>) -> Range<Int> {
    scalars[range.lowerBound].lowerBound..<scalars[range.upperBound - 1].upperBound
  }

  /// Splits words into sentences, each with its end mark; the last one may lack it.
  static func sentences(_ words: ArraySlice<Word>, grammar: Grammar) -> [Range<Int>] {
    var sentences: [Range<Int>] = []
    var start = words.startIndex
    for place in words.indices where grammar.endsSentence(words[place]) {
      sentences.append(start..<place + 1)
      start = place + 1
    }
    if start < words.endIndex { sentences.append(start..<words.endIndex) }
    return sentences
  }
}
