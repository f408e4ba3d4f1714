// SPDX-License-Identifier: Apache-2.0

/// Mean and variance of all numbers seen so far, in constant memory and without loss of digits.
///
/// Source: Chan, Golub & LeVeque 1979, the pairwise form of Welford's update. Codable: it belongs into checkpoints.
public struct RunningMoments: Codable, Sendable, Equatable {
  /// How many numbers were seen.
  public private(set) var count: Int
  /// Their mean; 0 before the first.
  public private(set) var mean: Double
  /// Σ (x − mean)².
  public private(set) var squaredDeviations: Double

  /// Starts without numbers.
  public init() {
    count = 0
    mean = 0
    squaredDeviations = 0
  }

  /// Takes in a batch; numbers that are not finite are passed over.
  public mutating func add(_ numbers: [Double]) {
    let finite = numbers.filter(\.isFinite)
    guard !finite.isEmpty else { return }
    let batchCount = Double(finite.count)
    let batchMean = finite.reduce(0, +) / batchCount
    let batchSquares = finite.reduce(0) { $0 + ($1 - batchMean) * ($1 - batchMean) }
    let total = Double(count) + batchCount
    let distance = batchMean - mean
    squaredDeviations += batchSquares + distance * distance * Double(count) * batchCount / total
    mean += distance * batchCount / total
    count += finite.count
  }

  /// The sample standard deviation, dividing by the count less one; nil before two numbers.
  public var deviation: Double? {
    count > 1 ? (squaredDeviations / Double(count - 1)).squareRoot() : nil
  }
}
