// SPDX-License-Identifier: Apache-2.0

/// A number for each of many byte strings: an open-addressing table over one flat buffer, which is
/// looked up without making an array of the key.
struct ByteTable: Sendable {
  private struct Entry {
    var hash: UInt64
    var start: Int
    var count: Int32
    var value: Int32
  }

  private var slots = [Int32](repeating: -1, count: 64)
  private var entries: [Entry] = []
  private var bytes: [UInt8] = []

  init() {}

  var count: Int { entries.count }

  mutating func reserve(_ count: Int) {
    entries.reserveCapacity(count)
    bytes.reserveCapacity(count * 8)
    while slots.count < count * 2 { grow() }
  }

  /// The number of a string, or nil.
  @inline(__always)
  func value(_ key: UnsafeBufferPointer<UInt8>) -> Int32? {
    let hash = WordCache.hash(key)
    var slot = Int(truncatingIfNeeded: hash >> 32) & (slots.count - 1)
    while slots[slot] >= 0 {
      let entry = entries[Int(slots[slot])]
      if entry.hash == hash, holds(key, entry) { return entry.value }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// Sets the number of a string.
  mutating func set(_ key: UnsafeBufferPointer<UInt8>, _ value: Int32) {
    let hash = WordCache.hash(key)
    var slot = Int(truncatingIfNeeded: hash >> 32) & (slots.count - 1)
    while slots[slot] >= 0 {
      let index = Int(slots[slot])
      if entries[index].hash == hash, holds(key, entries[index]) {
        entries[index].value = value
        return
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = Int32(entries.count)
    entries.append(Entry(hash: hash, start: bytes.count, count: Int32(key.count), value: value))
    bytes.append(contentsOf: key)
    if entries.count * 2 > slots.count { grow() }
  }

  @inline(__always)
  private func holds(_ key: UnsafeBufferPointer<UInt8>, _ entry: Entry) -> Bool {
    guard Int(entry.count) == key.count else { return false }
    for index in 0..<key.count where bytes[entry.start + index] != key[index] { return false }
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
