// SPDX-License-Identifier: Apache-2.0

extension TensorBoardHistogramProto {
  /// Intervals of a histogram. TensorBoard draws 30; twice as many keep its redistribution smooth.
  private static let bucketCount = 64

  /// Counts finite numbers in intervals of equal width from the smallest to the largest.
  ///
  /// An interval holds its lower bound and not its upper, except the last, which holds both. Numbers
  /// that are all equal give one interval of width 0 (TensorBoard widens it), none give no interval.
  init(counting values: [Double]) {
    self.init()
    guard var low = values.first else { return }
    var high = low
    for value in values {
      low = Swift.min(low, value)
      high = Swift.max(high, value)
      sum += value
      sumSquares += value * value
    }
    min = low
    max = high
    num = Double(values.count)

    // Halved before subtracting: `high - low` may be beyond the largest Double.
    let halfWidth = (high / 2 - low / 2) / Double(Self.bucketCount)
    guard halfWidth > 0 else {
      bucketLimit = [high]
      bucket = [num]
      return
    }

    var counts = [Double](repeating: 0, count: Self.bucketCount)
    let last = Double(Self.bucketCount - 1)
    for value in values {
      let position = (value / 2 - low / 2) / halfWidth
      counts[Int(Swift.min(position, last))] += 1
    }
    bucket = counts
    // `min`: rounding may carry a bound beyond the largest number where the range is tiny.
    bucketLimit = (1..<Self.bucketCount).map {
      Swift.min(high, 2 * (low / 2 + Double($0) * halfWidth))
    }
    bucketLimit.append(high)
  }
}
