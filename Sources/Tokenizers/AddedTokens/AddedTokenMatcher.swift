// SPDX-License-Identifier: Apache-2.0

/// Finds added tokens in a text, leftmost first and the longest at each place.
struct AddedTokenMatcher: Sendable {
  /// A part of the text: an added token, or text between them.
  struct Part {
    var range: Range<Int>
    /// The token's id; nil for text that the model must encode.
    var id: Int32?
  }

  private let tokens: [AddedToken]
  /// Whether any token begins with this byte.
  private var begins = [Bool](repeating: false, count: 256)
  /// A trie over bytes: (node << 8 | byte) to node; the root is 0.
  private var edges: [Int: Int] = [:]
  /// The token that ends at a node.
  private var ends: [Int: Int] = [:]

  /// Builds the trie.
  ///
  /// - Parameter tokens: each token with the UTF-8 to look for, which is its normalised content
  ///   where the token is matched in normalised text.
  init(_ tokens: [(token: AddedToken, pattern: [UInt8])]) {
    self.tokens = tokens.map(\.token)
    var nodeCount = 1
    for (index, entry) in tokens.enumerated() {
      guard let first = entry.pattern.first else { continue }
      begins[Int(first)] = true
      var node = 0
      for byte in entry.pattern {
        let edge = node << 8 | Int(byte)
        if let next = edges[edge] {
          node = next
        } else {
          edges[edge] = nodeCount
          node = nodeCount
          nodeCount += 1
        }
      }
      ends[node] = index
    }
  }

  var isEmpty: Bool { ends.isEmpty }

  /// Splits the text into added tokens and the text between them; no part of text is empty.
  func split(_ text: UnsafeBufferPointer<UInt8>) -> [Part] {
    guard !isEmpty else { return text.isEmpty ? [] : [Part(range: 0..<text.count, id: nil)] }
    var parts: [Part] = []
    var taken = 0
    var place = 0
    while place < text.count {
      guard begins[Int(text[place])], let match = longestMatch(text, at: place) else {
        place += 1
        continue
      }
      let token = tokens[match.token]
      if !token.isSingleWord || Self.standsAlone(text, place..<match.end) {
        let start = token.stripsLeft ? Self.spaceStart(text, before: place) : place
        let end = token.stripsRight ? Self.spaceEnd(text, after: match.end) : match.end
        let lower = max(start, taken)
        if taken < lower { parts.append(Part(range: taken..<lower, id: nil)) }
        parts.append(Part(range: lower..<max(lower, end), id: token.id))
        taken = max(lower, end)
      }
      place = match.end
    }
    if taken < text.count { parts.append(Part(range: taken..<text.count, id: nil)) }
    return parts
  }

  private func longestMatch(
    _ text: UnsafeBufferPointer<UInt8>, at start: Int
  ) -> (token: Int, end: Int)? {
    var node = 0
    var best: (token: Int, end: Int)?
    for place in start..<text.count {
      guard let next = edges[node << 8 | Int(text[place])] else { break }
      node = next
      if let token = ends[node] { best = (token, place + 1) }
    }
    return best
  }

  private static func standsAlone(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
  ) -> Bool {
    if range.lowerBound > 0,
      isWord(UTF8Scan.scalarBefore(text, range.lowerBound).value)
    {
      return false
    }
    return range.upperBound == text.count
      || !isWord(UTF8Scan.scalar(text, at: range.upperBound).value)
  }

  private static func isWord(_ value: UInt32) -> Bool {
    ScalarProperties.of(value).contains(.word)
  }

  private static func spaceStart(_ text: UnsafeBufferPointer<UInt8>, before end: Int) -> Int {
    var place = end
    while place > 0 {
      let (value, start) = UTF8Scan.scalarBefore(text, place)
      guard ScalarClass(value) == .space else { break }
      place = start
    }
    return place
  }

  private static func spaceEnd(_ text: UnsafeBufferPointer<UInt8>, after start: Int) -> Int {
    var place = start
    while place < text.count {
      let (value, byteCount) = UTF8Scan.scalar(text, at: place)
      guard ScalarClass(value) == .space else { break }
      place += byteCount
    }
    return place
  }
}
