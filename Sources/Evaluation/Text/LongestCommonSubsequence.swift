// SPDX-License-Identifier: Apache-2.0

/// Longest common subsequences of token numbers.
enum LongestCommonSubsequence {
  /// Length only, 64 cells at a time: O(|a| |b| / 64).
  ///
  /// Each bit of `row` is a position of `a`; it falls to 0 where the length rises by one.
  /// Source: Hyyrö 2004, "Bit-parallel LCS-length computation revisited", eq. for V.
  static func length(_ a: [Int], _ b: [Int]) -> Int {
    guard !a.isEmpty, !b.isEmpty else { return 0 }
    let wordCount = (a.count + 63) / 64
    var positions: [Int: [UInt64]] = [:]
    for (index, token) in a.enumerated() {
      positions[token, default: [UInt64](repeating: 0, count: wordCount)][index / 64] |=
        1 << UInt64(index % 64)
    }
    var row = [UInt64](repeating: .max, count: wordCount)
    for token in b {
      guard let matches = positions[token] else { continue }
      var carry: UInt64 = 0
      for word in 0..<wordCount {
        let hit = row[word] & matches[word]
        let (partial, firstOverflow) = row[word].addingReportingOverflow(hit)
        let (sum, secondOverflow) = partial.addingReportingOverflow(carry)
        carry = firstOverflow || secondOverflow ? 1 : 0
        row[word] = sum | (row[word] & ~hit)
      }
    }
    var length = 0
    for index in a.indices where row[index / 64] & (1 << UInt64(index % 64)) == 0 { length += 1 }
    return length
  }

  /// Marks in `hits` the positions of `a` on one longest common subsequence with `b`.
  ///
  /// Of several, the one found by walking back from the end and dropping a token of `a` unless
  /// dropping one of `b` keeps strictly more, which is the choice of the common ROUGE packages.
  static func mark(_ a: [Int], _ b: [Int], into hits: inout [Bool]) {
    let width = b.count + 1
    var table = [Int32](repeating: 0, count: (a.count + 1) * width)
    for i in 0..<a.count {
      for j in 0..<b.count {
        let cell = (i + 1) * width + j + 1
        table[cell] =
          a[i] == b[j]
          ? table[i * width + j] + 1 : max(table[cell - width], table[cell - 1])
      }
    }
    var i = a.count
    var j = b.count
    while i > 0, j > 0 {
      if a[i - 1] == b[j - 1] {
        hits[i - 1] = true
        i -= 1
        j -= 1
      } else if table[i * width + j - 1] > table[(i - 1) * width + j] {
        j -= 1
      } else {
        i -= 1
      }
    }
  }
}
