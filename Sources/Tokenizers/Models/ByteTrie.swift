// SPDX-License-Identifier: Apache-2.0

/// Byte strings with a number each, for finding all that a text begins with.
///
/// Nodes are numbered level by level, so that the children of a node have consecutive numbers.
struct ByteTrie: Sendable {
  static let root: Int32 = 0

  /// The first child of each node; one entry more ends the last node's children.
  private var first: [Int32] = []
  /// The byte that leads to each node.
  private var labels: [UInt8] = [0]
  /// The number of the string that ends at each node, -1 for none.
  private var values: [Int32] = []
  /// The children of the root by byte.
  private var rootChildren = [Int32](repeating: -1, count: 256)

  /// Builds the trie; of equal keys the last counts, empty ones are left out.
  init(_ keys: [(bytes: [UInt8], value: Int32)]) {
    let keys = Self.sorted(keys)
    var ranges: [(lower: Int, upper: Int, depth: Int)] = [(0, keys.count, 0)]
    var next = 0
    while next < ranges.count {
      var (place, upper, depth) = ranges[next]
      next += 1
      var value: Int32 = -1
      if place < upper, keys[place].bytes.count == depth {
        value = depth > 0 ? keys[place].value : -1
        place += 1
      }
      values.append(value)
      first.append(Int32(ranges.count))
      while place < upper {
        let label = keys[place].bytes[depth]
        var end = place + 1
        while end < upper, keys[end].bytes[depth] == label { end += 1 }
        if depth == 0 { rootChildren[Int(label)] = Int32(ranges.count) }
        ranges.append((place, end, depth + 1))
        labels.append(label)
        place = end
      }
    }
    first.append(Int32(ranges.count))
  }

  private static func sorted(
    _ keys: [(bytes: [UInt8], value: Int32)]
  ) -> [(bytes: [UInt8], value: Int32)] {
    let ordered = keys.enumerated().sorted { left, right in
      if left.element.bytes == right.element.bytes { return left.offset < right.offset }
      return left.element.bytes.lexicographicallyPrecedes(right.element.bytes)
    }
    var unique: [(bytes: [UInt8], value: Int32)] = []
    for (_, key) in ordered {
      if let last = unique.last, last.bytes == key.bytes {
        unique[unique.count - 1] = key
      } else {
        unique.append(key)
      }
    }
    return unique
  }

  /// The child of a node, -1 for none.
  @inline(__always)
  func child(_ node: Int32, _ byte: UInt8) -> Int32 {
    if node == Self.root { return rootChildren[Int(byte)] }
    var lower = Int(first[Int(node)])
    var upper = Int(first[Int(node) + 1])
    while upper - lower > 8 {
      let middle = (lower + upper) / 2
      if labels[middle] <= byte { lower = middle } else { upper = middle }
    }
    while lower < upper {
      if labels[lower] == byte { return Int32(lower) }
      lower += 1
    }
    return -1
  }

  /// The number of the string that ends at a node, -1 for none.
  @inline(__always)
  func value(_ node: Int32) -> Int32 { values[Int(node)] }

  /// The node that a string leads to, -1 for none.
  func node(_ bytes: some Sequence<UInt8>, from start: Int32 = root) -> Int32 {
    var node = start
    for byte in bytes where node >= 0 { node = child(node, byte) }
    return node
  }
}
