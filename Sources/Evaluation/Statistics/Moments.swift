// SPDX-License-Identifier: Apache-2.0

extension Array where Element == Double {
  /// Arithmetic mean; not a number where the array is empty.
  var mean: Double {
    reduce(0, +) / Double(count)
  }

  /// Standard deviation with divisor n − 1; 0 for fewer than two values.
  var standardDeviation: Double {
    guard count > 1 else { return 0 }
    let center = mean
    let squares = reduce(0) { $0 + ($1 - center) * ($1 - center) }
    return (squares / Double(count - 1)).squareRoot()
  }

  /// Standard error of the mean, sd / √n; nil for fewer than two values.
  var standardErrorOfMean: Double? {
    count > 1 ? standardDeviation / Double(count).squareRoot() : nil
  }

  /// Ranks from 1; equal values share the mean of the ranks they cover.
  var averageRanks: [Double] {
    let order = indices.sorted { self[$0] < self[$1] }
    var ranks = [Double](repeating: 0, count: count)
    var start = 0
    while start < count {
      var end = start + 1
      while end < count, self[order[end]] == self[order[start]] { end += 1 }
      let shared = Double(start + 1 + end) / 2
      for position in start..<end { ranks[order[position]] = shared }
      start = end
    }
    return ranks
  }
}
