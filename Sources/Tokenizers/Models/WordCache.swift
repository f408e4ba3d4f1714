// SPDX-License-Identifier: Apache-2.0

/// Tokens of words seen before: text repeats its words, so most need no merging.
///
/// An open-addressing table over flat arrays; it empties itself when full.
struct WordCache: Sendable {
  /// Longer words are rarely seen twice.
  static let wordByteLimit = 48
  private static let entryLimit = 1 << 16

  private struct Entry {
    var hash: UInt64
    var wordStart: Int
    var wordCount: Int
    var pieceStart: Int
    var pieceCount: Int
  }

  private var slots = [Int32](repeating: -1, count: 1 << 12)
  private var entries: [Entry] = []
  private var words: [UInt8] = []
  private var pieces: [Piece] = []

  init() {}

  /// Appends the tokens of `word` to `result`, asking `make` where the word is new. `make` says
  /// whether its answer may be kept.
  @inline(__always)
  mutating func append(
    _ word: UnsafeBufferPointer<UInt8>, to result: inout [Piece],
    make: (inout [Piece]) -> Bool
  ) {
    let hash = Self.hash(word)
    var slot = Int(truncatingIfNeeded: hash >> 32) & (slots.count - 1)
    while slots[slot] >= 0 {
      let entry = entries[Int(slots[slot])]
      if entry.hash == hash, entry.wordCount == word.count, holds(word, at: entry.wordStart) {
        for index in entry.pieceStart..<entry.pieceStart + entry.pieceCount {
          result.append(pieces[index])
        }
        return
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    let start = result.count
    if make(&result) { store(word, hash: hash, slot: slot, made: result[start...]) }
  }

  private mutating func store(
    _ word: UnsafeBufferPointer<UInt8>, hash: UInt64, slot: Int, made: ArraySlice<Piece>
  ) {
    if entries.count == Self.entryLimit {
      self = WordCache()
      return
    }
    slots[slot] = Int32(entries.count)
    entries.append(
      Entry(
        hash: hash, wordStart: words.count, wordCount: word.count, pieceStart: pieces.count,
        pieceCount: made.count))
    words.append(contentsOf: word)
    pieces.append(contentsOf: made)
    if entries.count * 2 > slots.count { grow() }
  }

  private mutating func grow() {
    slots = Array(repeating: -1, count: slots.count * 2)
    for (index, entry) in entries.enumerated() {
      var slot = Int(truncatingIfNeeded: entry.hash >> 32) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(index)
    }
  }

  @inline(__always)
  private func holds(_ word: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
    for index in 0..<word.count where words[start + index] != word[index] { return false }
    return true
  }

  /// FNV-1a with a final mix.
  @inline(__always)
  static func hash(_ word: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in word { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return (hash ^ hash >> 29) &* 0x9E37_79B9_7F4A_7C15
  }
}
