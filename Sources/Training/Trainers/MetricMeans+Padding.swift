// SPDX-License-Identifier: Apache-2.0

extension MetricMeans {
  /// Adds `padding_share`, the share of padding in a batch of rows: what a forward pass reads for nothing.
  ///
  /// - Parameter lengths: tokens of each row.
  mutating func addPadding(lengths: [Int]) {
    let places = Double(lengths.count * (lengths.max() ?? 0))
    add("padding_share", 1 - Double(lengths.reduce(0, +)) / max(places, 1), weight: places)
  }
}
