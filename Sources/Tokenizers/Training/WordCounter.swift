// SPDX-License-Identifier: Apache-2.0

/// Counts words by their bytes; keeps the order of first appearance.
struct WordCounter {
  private struct Entry {
    var hash: UInt64
    var start: Int
    var byteCount: Int
    var tally: Int
  }

  private var slots = [Int32](repeating: -1, count: 1 << 12)
  private var entries: [Entry] = []
  private var bytes: [UInt8] = []

  /// How many different words there are.
  var count: Int { entries.count }

  /// The bytes of word `index` and how often it came.
  func word(_ index: Int) -> (bytes: ArraySlice<UInt8>, tally: Int) {
    let entry = entries[index]
    return (bytes[entry.start..<entry.start + entry.byteCount], entry.tally)
  }

  mutating func add(_ word: UnsafeBufferPointer<UInt8>) {
    let hash = WordCache.hash(word)
    var slot = Int(truncatingIfNeeded: hash >> 32) & (slots.count - 1)
    while slots[slot] >= 0 {
      let index = Int(slots[slot])
      if entries[index].hash == hash, holds(word, entries[index]) {
        entries[index].tally += 1
        return
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = Int32(entries.count)
    entries.append(Entry(hash: hash, start: bytes.count, byteCount: word.count, tally: 1))
    bytes.append(contentsOf: word)
    if entries.count * 2 > slots.count { grow() }
  }

  private func holds(_ word: UnsafeBufferPointer<UInt8>, _ entry: Entry) -> Bool {
    guard entry.byteCount == word.count else { return false }
    for index in 0..<word.count where bytes[entry.start + index] != word[index] { return false }
    return true
  }

  private mutating func grow() {
    slots = Array(repeating: -1, count: slots.count * 2)
    for (index, entry) in entries.enumerated() {
      var slot = Int(truncatingIfNeeded: entry.hash >> 32) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(index)
    }
  }
}
