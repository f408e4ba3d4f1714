// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Counts of values in equal-width bins.
///
/// Bin b covers [lower + b·width, lower + (b+1)·width); the last bin includes the upper edge.
public struct Histogram: Sendable, Equatable, Codable {
  /// Left edge of the first bin.
  public var lower: Double
  /// Right edge of the last bin.
  public var upper: Double
  /// Values a bin, left to right.
  public var counts: [Int]
  /// Finite values below `lower`.
  public var belowCount: Int
  /// Finite values above `upper`.
  public var aboveCount: Int
  /// Values that were infinite or not a number.
  public var nonFiniteCount: Int

  /// Width of one bin, in the unit of the values.
  public var binWidth: Double { (upper - lower) / Double(counts.count) }

  /// Values that fell into a bin.
  public var count: Int { counts.reduce(0, +) }

  /// The share of all binned values per unit of the axis, one a bin; integrates to 1.
  public var densities: [Double] {
    let total = Double(max(1, count)) * binWidth
    return counts.map { Double($0) / total }
  }

  /// Counts `values` in `binCount` equal bins.
  ///
  /// - Parameters:
  ///   - values: any numbers; those not finite are counted apart.
  ///   - binCount: 1 or more; nil takes the Freedman-Diaconis width 2·IQR·n^(−1/3), kept within
  ///     5 ... 60 bins.
  ///   - range: the edges; nil takes the least and greatest finite value, widened by ½ on each side
  ///     where they are equal.
  public init(_ values: [Double], binCount: Int? = nil, range: ClosedRange<Double>? = nil) {
    let finite = values.filter(\.isFinite).sorted()
    var low = range?.lowerBound ?? finite.first ?? 0
    var high = range?.upperBound ?? finite.last ?? 1
    if low == high {
      low -= 0.5
      high += 0.5
    }
    lower = low
    upper = high
    nonFiniteCount = values.count - finite.count
    belowCount = 0
    aboveCount = 0
    let bins = max(1, binCount ?? Self.freedmanDiaconis(finite, low, high))
    counts = [Int](repeating: 0, count: bins)
    for value in finite {
      if value < low {
        belowCount += 1
      } else if value > high {
        aboveCount += 1
      } else {
        counts[min(bins - 1, Int((value - low) / (high - low) * Double(bins)))] += 1
      }
    }
  }

  private static func freedmanDiaconis(_ sorted: [Double], _ low: Double, _ high: Double) -> Int {
    guard sorted.count > 1 else { return 5 }
    let spread = quantile(0.75, ofSorted: sorted) - quantile(0.25, ofSorted: sorted)
    guard spread > 0 else { return 10 }
    let width = 2 * spread / cbrt(Double(sorted.count))
    return Int(min(60, max(5, ((high - low) / width).rounded(.up))))
  }
}
