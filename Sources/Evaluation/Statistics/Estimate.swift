// SPDX-License-Identifier: Apache-2.0

/// A range that is meant to contain the true value with probability `level`.
public struct Interval: Sendable, Equatable, Codable {
  /// Lower bound, in the unit of the value it belongs to.
  public var lower: Double
  /// Upper bound, at least `lower`.
  public var upper: Double
  /// Intended coverage, in (0, 1); 0.95 unless chosen otherwise.
  public var level: Double
  /// How it was made: `wilson`, `clopper-pearson`, `bootstrap percentile`, …
  public var method: String

  /// Creates an interval from bounds that are already known.
  public init(lower: Double, upper: Double, level: Double = 0.95, method: String) {
    self.lower = lower
    self.upper = upper
    self.level = level
    self.method = method
  }

  /// True where `value` lies between the bounds, bounds included.
  public func contains(_ value: Double) -> Bool {
    value >= lower && value <= upper
  }

  /// True where the two intervals share at least one point.
  public func overlaps(_ other: Interval) -> Bool {
    lower <= other.upper && other.lower <= upper
  }
}

/// A measured number together with what a reader needs to trust it.
public struct Estimate: Sendable, Equatable, Codable {
  /// The point estimate.
  public var value: Double
  /// Number of items it was computed from (comparisons, prompts, tokens: the metric says which).
  public var count: Int
  /// Uncertainty, or nil where the metric defines none or none was asked for.
  public var interval: Interval?
  /// The settings that change the number, by name (`"ties": "half"`, `"seed": "7"`).
  public var options: [String: String]

  /// Creates an estimate; metrics return these, callers rarely make them.
  public init(
    value: Double, count: Int, interval: Interval? = nil, options: [String: String] = [:]
  ) {
    self.value = value
    self.count = count
    self.interval = interval
    self.options = options
  }
}
