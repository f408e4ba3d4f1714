// SPDX-License-Identifier: Apache-2.0
package import Torch

/// Texts laid end to end in one row of tokens for a forward pass: nothing is padded, and a beginning that texts have in
/// common is there once.
///
/// Each text is a path of spans of that row. A causal model gives a token a state that depends on what comes before it
/// alone, so texts can share the states of a common beginning, and its gradient is the sum of theirs.
package struct JoinedTexts {
  /// Token ids of the row, N of them.
  package let ids: [Int]
  /// The position of each token in its text.
  let positions: [Int]
  /// What each token may look at.
  package let segments: AttentionSegments
  /// For each segment the length of a text it is part of; rotary frequencies may depend on it.
  let textLengths: [Int]
  /// For each text the spans of the row it consists of, in order.
  private let paths: [[Range<Int>]]

  /// Shorter common beginnings are read anew: the gain would not pay for the narrower products.
  static let leastShared = 16

  /// Lays texts out.
  ///
  /// - Parameters:
  ///   - texts: each at least one token long.
  ///   - leastShared: tokens a common beginning must have to be shared.
  ///   - sharesKeys: whether texts of two lengths have the same keys where they have the same tokens.
  package init(
    _ texts: [[Int]], leastShared: Int = leastShared, sharesKeys: (Int, Int) -> Bool
  ) {
    var ids: [Int] = []
    var positions: [Int] = []
    var segments: [AttentionSegments.Segment] = []
    var textLengths: [Int] = []
    var paths = [[Range<Int>]](repeating: [], count: texts.count)
    let kinds = Self.kinds(texts, sharesKeys)
    var previous: Int?
    // In lexicographic order a text shares more with the one before it than with any earlier one.
    for index in texts.indices.sorted(by: { Self.precedes(texts, kinds, $0, $1) }) {
      let text = texts[index]
      let other = previous.flatMap { kinds[$0] == kinds[index] ? $0 : nil }
      var shared = other.map { zip(texts[$0], text).prefix { $0 == $1 }.count } ?? 0
      if shared < leastShared { shared = 0 }
      var path = other.map { Self.prefix(paths[$0], count: shared) } ?? []
      if shared < text.count {
        let own = ids.count..<ids.count + text.count - shared
        segments.append(AttentionSegments.Segment(own, before: path))
        ids += text[shared...]
        positions += shared..<text.count
        textLengths.append(text.count)
        path.append(own)
      }
      paths[index] = path
      previous = index
    }
    self.ids = ids
    self.positions = positions
    self.segments = AttentionSegments(segments)
    self.textLengths = textLengths
    self.paths = paths
  }

  /// Places in the row of all tokens of a text, in order.
  package func places(of text: Int) -> [Int] { paths[text].flatMap { $0 } }

  /// For each text the first one that it can share keys with.
  private static func kinds(_ texts: [[Int]], _ sharesKeys: (Int, Int) -> Bool) -> [Int] {
    var firsts: [Int] = []
    return texts.indices.map { index in
      if let known = firsts.first(where: { sharesKeys(texts[$0].count, texts[index].count) }) {
        return known
      }
      firsts.append(index)
      return index
    }
  }

  private static func precedes(
    _ texts: [[Int]], _ kinds: [Int], _ first: Int, _ second: Int
  ) -> Bool {
    if kinds[first] != kinds[second] { return kinds[first] < kinds[second] }
    if texts[first] == texts[second] { return first < second }
    return texts[first].lexicographicallyPrecedes(texts[second])
  }

  /// The first `count` tokens of a path.
  private static func prefix(_ path: [Range<Int>], count: Int) -> [Range<Int>] {
    var rest = count
    var spans: [Range<Int>] = []
    for span in path where rest > 0 {
      spans.append(span.prefix(rest))
      rest -= min(rest, span.count)
    }
    return spans
  }
}
