// SPDX-License-Identifier: Apache-2.0

/// The percentile bootstrap: redo the statistic on resampled items, and read off its spread.
///
/// Each of `draws` times, n items are drawn with replacement from the n observed; the interval
/// runs from the (1 − level)/2 to the (1 + level)/2 quantile (type 7) of the statistics.
/// The items should be what is independent in the study: prompts rather than comparisons.
///
/// Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", §13.3.
/// Equal seeds give equal intervals on every platform.
public struct Bootstrap: Sendable, Equatable, Codable {
  /// Number of resamples, at least 1; 1,000 steadies the second digit of the bounds.
  public var draws: Int
  /// Seed of the resampling.
  public var seed: UInt64
  /// Intended coverage, in (0, 1).
  public var level: Double

  /// Creates a resampling plan.
  public init(draws: Int = 1000, seed: UInt64, level: Double = 0.95) {
    precondition(draws > 0, "Bootstrap: draws is \(draws); use 1 or more")
    precondition(level > 0 && level < 1, "Bootstrap: level is \(level); use a value in (0, 1)")
    self.draws = draws
    self.seed = seed
    self.level = level
  }

  /// Interval for the mean of independent values.
  ///
  /// - Parameter values: at least one value, one an independent item.
  /// - Returns: bounds in the unit of `values`.
  public func interval(ofMean values: [Double]) -> Interval {
    precondition(!values.isEmpty, "Bootstrap: no values; check for emptiness first")
    var generator = SplitMix64(seed: seed)
    var means: [Double] = []
    means.reserveCapacity(draws)
    for _ in 0..<draws {
      var sum = 0.0
      for _ in values.indices { sum += values[generator.below(values.count)] }
      means.append(sum / Double(values.count))
    }
    return interval(ofStatistics: means)
  }

  /// Interval for any statistic of a resampled set of items.
  ///
  /// Draws on which the statistic is undefined are left out.
  ///
  /// - Parameters:
  ///   - itemCount: number of independent items, at least 1.
  ///   - statistic: maps `itemCount` indices (with repeats) to the statistic, or nil where undefined.
  /// - Returns: the interval, or nil where no draw had a value.
  public func interval(
    itemCount: Int, statistic: ([Int]) throws -> Double?
  ) rethrows -> Interval? {
    var values: [Double] = []
    values.reserveCapacity(draws)
    try forEachDraw(itemCount: itemCount) { indices in
      if let value = try statistic(indices) { values.append(value) }
    }
    return values.isEmpty ? nil : interval(ofStatistics: values)
  }

  /// The percentile interval of statistics already computed, one a draw, in any order.
  public func interval(ofStatistics statistics: [Double]) -> Interval {
    let sorted = statistics.sorted()
    return Interval(
      lower: quantile((1 - level) / 2, ofSorted: sorted),
      upper: quantile((1 + level) / 2, ofSorted: sorted),
      level: level, method: "bootstrap percentile")
  }

  /// The settings as they appear in ``Estimate/options``.
  public var options: [String: String] {
    ["bootstrap draws": "\(draws)", "seed": "\(seed)"]
  }

  /// Calls `body` with the indices of each resample in turn.
  func forEachDraw(itemCount: Int, _ body: ([Int]) throws -> Void) rethrows {
    precondition(itemCount > 0, "Bootstrap: no items; check for emptiness first")
    var generator = SplitMix64(seed: seed)
    var indices = [Int](repeating: 0, count: itemCount)
    for _ in 0..<draws {
      for position in indices.indices { indices[position] = generator.below(itemCount) }
      try body(indices)
    }
  }
}
