// SPDX-License-Identifier: Apache-2.0

/// A binary heap of (rank, place), smallest first, packed as rank << 32 | place.
struct MergeQueue: Sendable {
  private var entries: [UInt64] = []

  mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  mutating func push(rank: UInt32, place: Int) {
    entries.append(UInt64(rank) << 32 | UInt64(truncatingIfNeeded: place))
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entries[child] < entries[parent] else { return }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  mutating func pop() -> (rank: UInt32, place: Int)? {
    guard let top = entries.first, let last = entries.popLast() else { return nil }
    if !entries.isEmpty {
      entries[0] = last
      sink(from: 0)
    }
    return (UInt32(top >> 32), Int(top & 0xFFFF_FFFF))
  }

  private mutating func sink(from start: Int) {
    var parent = start
    while true {
      var child = parent * 2 + 1
      guard child < entries.count else { return }
      if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
      guard entries[child] < entries[parent] else { return }
      entries.swapAt(child, parent)
      parent = child
    }
  }
}
