// SPDX-License-Identifier: Apache-2.0

/// Gives every different n-gram a small integer, so that overlaps are counted on integers.
///
/// An n-gram is its first n − 1 tokens (already numbered) and its last token: each order needs one
/// dictionary of pairs, and indexing a text takes time linear in its length for every order.
struct NGramIndexer {
  private var tokens: [String: Int] = [:]
  private var orders: [[Pair: Int]] = []

  private struct Pair: Hashable {
    var prefix: Int
    var last: Int
  }

  /// Numbers of the tokens, from 0 in order of first sight.
  mutating func ids(of text: [String]) -> [Int] {
    text.map { token in
      let next = tokens.count
      return { (id: inout Int?) in
        if let known = id { return known }
        id = next
        return next
      }(&tokens[token])
    }
  }

  /// Numbers of the n-grams of each order 1 ... `highest`; `[order − 1]` has `count − order + 1`.
  mutating func grams(of text: [String], upTo highest: Int) -> [[Int]] {
    let first = ids(of: text)
    var result = [first]
    while orders.count < highest - 1 { orders.append([:]) }
    for order in stride(from: 2, through: highest, by: 1) {
      let previous = result[order - 2]
      var current: [Int] = []
      for start in stride(from: 0, through: first.count - order, by: 1) {
        let pair = Pair(prefix: previous[start], last: first[start + order - 1])
        let next = orders[order - 2].count
        let id = orders[order - 2][pair, default: next]
        if id == next { orders[order - 2][pair] = next }
        current.append(id)
      }
      result.append(current)
    }
    return result
  }

  /// How often each number occurs.
  static func counts(_ ids: [Int]) -> [Int: Int] {
    var counts: [Int: Int] = [:]
    for id in ids { counts[id, default: 0] += 1 }
    return counts
  }
}
