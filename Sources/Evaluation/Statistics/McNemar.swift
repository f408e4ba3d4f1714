// SPDX-License-Identifier: Apache-2.0

/// McNemar's exact test for two systems marked right or wrong on the same items.
///
/// Only discordant items count: b where the first alone is right, c where the second alone is.
/// p is the two-sided binomial probability of min(b, c) among b + c with chance ½.
///
/// Source: McNemar 1947; the exact form is the sign test on the discordant items.
public struct McNemar: Sendable, Equatable, Codable {
  /// Items that only the first system got right (b).
  public var firstOnlyCount: Int
  /// Items that only the second system got right (c).
  public var secondOnlyCount: Int
  /// Number of items in all, concordant ones included.
  public var count: Int
  /// Exact two-sided p-value in (0, 1].
  public var pValue: Double

  /// The test from the two discordant counts, with `count` items in all.
  public init(firstOnlyCount: Int, secondOnlyCount: Int, count: Int) {
    self.firstOnlyCount = firstOnlyCount
    self.secondOnlyCount = secondOnlyCount
    self.count = count
    pValue = signTest(wins: firstOnlyCount, losses: secondOnlyCount)
  }

  /// The test from the marks of both systems on the same items, in the same order.
  ///
  /// - Parameters:
  ///   - first: whether the first system was right on each item.
  ///   - second: the same for the second system; as many entries.
  /// - Throws: ``EvaluationError/lengthMismatch(metric:first:firstCount:second:secondCount:)``.
  public init(first: [Bool], second: [Bool]) throws {
    try Require.equalCounts(
      first.count, "marks of the first system", second.count, "of the second",
      in: "McNemar test")
    var firstOnly = 0
    var secondOnly = 0
    for (a, b) in zip(first, second) where a != b {
      if a { firstOnly += 1 } else { secondOnly += 1 }
    }
    self.init(firstOnlyCount: firstOnly, secondOnlyCount: secondOnly, count: first.count)
  }
}
