// SPDX-License-Identifier: Apache-2.0
import Torch

/// Keys and values of texts that ended, for prompts that begin as they do; the least recently used go first.
struct PrefixCache {
  private struct Entry {
    let ids: [Int]
    let segment: KVCache.Segment
    var lastUse: Int
  }

  /// Most tokens kept.
  let capacity: Int
  private var entries: [Entry] = []
  private var clock = 0

  init(capacity: Int) { self.capacity = capacity }

  /// Tokens kept now.
  var tokenCount: Int { entries.reduce(0) { $0 + $1.ids.count } }

  /// The entry that begins most as `prompt` does, and for how many tokens.
  mutating func longest(
    _ prompt: [Int], where accepts: (Int) -> Bool
  ) -> (segment: KVCache.Segment, count: Int)? {
    var best: (index: Int, count: Int)?
    for (index, entry) in entries.enumerated() where accepts(entry.ids.count) {
      let count = entry.ids.sharedPrefixCount(prompt)
      if count > best?.count ?? 0 { best = (index, count) }
    }
    guard let best else { return nil }
    clock += 1
    entries[best.index].lastUse = clock
    return (entries[best.index].segment, best.count)
  }

  /// Whether a text is the beginning of one that is kept.
  func holds(_ ids: ArraySlice<Int>) -> Bool {
    entries.contains { $0.ids.starts(with: ids) }
  }

  /// Keeps a text, in place of those it begins with.
  mutating func insert(_ ids: [Int], _ segment: KVCache.Segment) {
    guard ids.count <= capacity else { return }
    entries.removeAll { ids.starts(with: $0.ids) }
    clock += 1
    entries.append(Entry(ids: ids, segment: segment, lastUse: clock))
    var total = tokenCount
    while total > capacity {
      guard let oldest = entries.indices.min(by: { entries[$0].lastUse < entries[$1].lastUse })
      else { return }
      total -= entries.remove(at: oldest).ids.count
    }
  }
}

extension Array<Int> {
  /// Tokens at the beginning that are the same as another's.
  func sharedPrefixCount(_ other: [Int]) -> Int {
    var count = 0
    let limit = Swift.min(self.count, other.count)
    while count < limit, self[count] == other[count] { count += 1 }
    return count
  }
}
