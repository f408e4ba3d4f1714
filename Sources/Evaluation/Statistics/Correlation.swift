// SPDX-License-Identifier: Apache-2.0

/// How two measurements of the same items move together.
///
/// - `pearson`: covariance over the product of standard deviations.
/// - `spearman`: Pearson on ranks, ties sharing their mean rank.
/// - `kendall`: τ_b = (C − D) / √((P − T_x)(P − T_y)), with C concordant and D discordant pairs,
///   P all pairs, T_x and T_y pairs tied in x and in y.
///
/// Source: Kendall 1945 for τ_b; counted in O(n log n) after Knight 1966.
public enum Correlation: String, Sendable, CaseIterable, Codable {
  /// Linear correlation.
  case pearson
  /// Rank correlation.
  case spearman
  /// Pairwise order agreement, τ_b.
  case kendall

  /// Measures the correlation of `x` and `y`.
  ///
  /// - Parameters:
  ///   - x: one finite value an item.
  ///   - y: as many values.
  ///   - bootstrap: resampling over items for the interval; nil for none.
  /// - Returns: a value in [−1, 1], or nil where one side is constant; `count` is the items'.
  /// - Throws: ``EvaluationError`` for unequal lengths, fewer than two items, or values that are
  ///   not finite.
  public func callAsFunction(
    _ x: [Double], _ y: [Double], bootstrap: Bootstrap? = nil
  ) throws -> Estimate? {
    let metric = "\(rawValue) correlation"
    try Require.equalCounts(x.count, "first values", y.count, "second values", in: metric)
    try Require.count(x.count, atLeast: 2, "items", in: metric)
    try Require.finite(x, "first value", in: metric)
    try Require.finite(y, "second value", in: metric)
    guard let value = coefficient(x, y) else { return nil }
    let interval = bootstrap?.interval(itemCount: x.count) { indices in
      coefficient(indices.map { x[$0] }, indices.map { y[$0] })
    }
    var options = bootstrap?.options ?? [:]
    options["kind"] = self == .kendall ? "kendall tau-b" : rawValue
    return Estimate(value: value, count: x.count, interval: interval, options: options)
  }

  private func coefficient(_ x: [Double], _ y: [Double]) -> Double? {
    switch self {
    case .pearson: Self.product(x, y)
    case .spearman: Self.product(x.averageRanks, y.averageRanks)
    case .kendall: Self.tauB(x, y)
    }
  }

  private static func product(_ x: [Double], _ y: [Double]) -> Double? {
    let meanX = x.mean
    let meanY = y.mean
    var xx = 0.0
    var yy = 0.0
    var xy = 0.0
    for (a, b) in zip(x, y) {
      let dx = a - meanX
      let dy = b - meanY
      xx += dx * dx
      yy += dy * dy
      xy += dx * dy
    }
    guard xx > 0, yy > 0 else { return nil }
    return min(1, max(-1, xy / (xx.squareRoot() * yy.squareRoot())))
  }

  private static func tauB(_ x: [Double], _ y: [Double]) -> Double? {
    let order = x.indices.sorted { (x[$0], y[$0]) < (x[$1], y[$1]) }
    let pairs = Double(x.count) * Double(x.count - 1) / 2
    let tiedX = tiedPairs(order) { x[$0] == x[$1] }
    let tiedBoth = tiedPairs(order) { x[$0] == x[$1] && y[$0] == y[$1] }
    var sorted = order.map { y[$0] }
    let discordant = countInversions(&sorted)
    let tiedY = tiedPairs(Array(sorted.indices)) { sorted[$0] == sorted[$1] }
    guard pairs > tiedX, pairs > tiedY else { return nil }
    let difference = pairs - tiedX - tiedY + tiedBoth - 2 * discordant
    return difference / ((pairs - tiedX).squareRoot() * (pairs - tiedY).squareRoot())
  }

  /// Pairs inside runs of equal neighbours.
  private static func tiedPairs(_ order: [Int], equal: (Int, Int) -> Bool) -> Double {
    var total = 0.0
    var run = 1
    for position in 1..<order.count {
      run = equal(order[position - 1], order[position]) ? run + 1 : 1
      total += Double(run - 1)
    }
    return total
  }

  /// Number of pairs out of order, by merge sort; sorts in passing.
  private static func countInversions(_ values: inout [Double]) -> Double {
    var buffer = values
    var inversions = 0.0
    var width = 1
    while width < values.count {
      for start in stride(from: 0, to: values.count, by: 2 * width) {
        let middle = min(start + width, values.count)
        let end = min(start + 2 * width, values.count)
        var left = start
        var right = middle
        for position in start..<end {
          if left < middle, right >= end || values[left] <= values[right] {
            buffer[position] = values[left]
            left += 1
          } else {
            inversions += Double(middle - left)
            buffer[position] = values[right]
            right += 1
          }
        }
      }
      swap(&values, &buffer)
      width *= 2
    }
    return inversions
  }
}
