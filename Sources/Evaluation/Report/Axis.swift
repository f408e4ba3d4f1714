// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What an axis of a chart shows and how.
public struct Axis: Sendable, Equatable {
  /// How values become positions.
  public enum Scale: Sendable {
    /// Equal steps.
    case linear
    /// Equal factors; values of 0 or less are left out and counted in the caption.
    case log
  }

  /// What is measured: `reward`, `KL to the reference`.
  public var title: String
  /// Its unit: `nats`, `tokens`; nil for none.
  public var unit: String?
  /// Linear or logarithmic.
  public var scale: Scale
  /// Fixed ends; nil takes them from the data.
  public var range: ClosedRange<Double>?

  /// Creates an axis.
  public init(
    _ title: String, unit: String? = nil, scale: Scale = .linear, range: ClosedRange<Double>? = nil
  ) {
    self.title = title
    self.unit = unit
    self.scale = scale
    self.range = range
  }

  /// Title with unit, as drawn.
  var label: String {
    unit.map { "\(title) (\($0))" } ?? title
  }

  /// True where a value has a place on the axis.
  func accepts(_ value: Double) -> Bool {
    value.isFinite && (scale == .linear || value > 0)
  }
}

/// The ends of an axis and its marks at round numbers.
struct Ticks: Equatable {
  /// The ends, in data units.
  var range: ClosedRange<Double>
  /// Marks within the ends, ascending.
  var values: [Double]
  /// One text a mark.
  var labels: [String]
  private let scale: Axis.Scale

  /// Chooses about `target` marks.
  ///
  /// - Parameters:
  ///   - axis: a fixed range wins over the data's.
  ///   - data: values on the axis that it accepts.
  ///   - target: marks wished for, 2 or more.
  ///   - widens: true where the ends move outwards to round numbers.
  init(axis: Axis, data: ClosedRange<Double>?, target: Int, widens: Bool) {
    scale = axis.scale
    var range = axis.range ?? data ?? (axis.scale == .log ? 1...10 : 0...1)
    if axis.scale == .log, range.lowerBound <= 0 {
      range = (data?.lowerBound ?? 1)...max(range.upperBound, data?.upperBound ?? 10)
    }
    // A span below what steps can be counted in is one value with rounding on it.
    let size = max(abs(range.lowerBound), abs(range.upperBound))
    if range.upperBound - range.lowerBound <= max(size * 1e-12, 1e-290) {
      let middle = size < 1e-290 ? 0 : range.lowerBound
      let pad = middle == 0 ? 0.5 : abs(middle) * 0.1
      range =
        axis.scale == .log && middle > 0 ? middle / 2...middle * 2 : middle - pad...middle + pad
    }
    let isFixed = axis.range != nil
    if axis.scale == .log, range.upperBound / range.lowerBound >= 8 {
      (self.range, values) = Self.logarithmic(range, target, widens: widens && !isFixed)
      labels = values.map { $0 >= 0.01 && $0 < 10_000 ? NumberText.short($0) : Self.power($0) }
    } else {
      let step = Self.step(range, target)
      let linearWidens = widens && !isFixed && axis.scale == .linear
      (self.range, values) = Self.linear(range, step, widens: linearWidens)
      labels = Self.labels(values, step: step)
    }
  }

  /// Place of a value, 0 at the lower end and 1 at the upper.
  func position(_ value: Double) -> Double {
    switch scale {
    case .linear: (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    case .log: log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
    }
  }

  /// The round step, 1, 2 or 5 times a power of ten, that gives at most about `target` marks.
  static func step(_ range: ClosedRange<Double>, _ target: Int) -> Double {
    let rough = (range.upperBound - range.lowerBound) / Double(max(1, target))
    let power = pow(10, log10(rough).rounded(.down))
    let factor = [1, 2, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10
    return factor * power
  }

  private static func linear(
    _ range: ClosedRange<Double>, _ step: Double, widens: Bool
  ) -> (ClosedRange<Double>, [Double]) {
    // Counting in whole steps keeps 0.30000000000000004 off the axis.
    let slack = 1e-9
    let first =
      widens
      ? (range.lowerBound / step + slack).rounded(.down)
      : (range.lowerBound / step - slack).rounded(.up)
    let last =
      widens
      ? (range.upperBound / step - slack).rounded(.up)
      : (range.upperBound / step + slack).rounded(.down)
    let values = stride(from: first, through: last, by: 1).map { $0 * step }
    return (widens ? first * step...last * step : range, values)
  }

  private static func logarithmic(
    _ range: ClosedRange<Double>, _ target: Int, widens: Bool
  ) -> (ClosedRange<Double>, [Double]) {
    let slack = 1e-9
    let low = Int((log10(range.lowerBound) + slack).rounded(.down))
    let high = Int((log10(range.upperBound) - slack).rounded(.up))
    let ends = widens ? pow(10, Double(low))...pow(10, Double(high)) : range
    // Few decades have room for 2 and 5, many only for every other power.
    let factors: [Double] = high - low <= target / 3 ? [1, 2, 5] : [1]
    let every = max(1, (high - low + target - 1) / target)
    var values: [Double] = []
    for exponent in stride(from: low, through: high, by: every) {
      values += factors.map { $0 * pow(10, Double(exponent)) }
    }
    let inside = values.filter {
      $0 >= ends.lowerBound * (1 - slack) && $0 <= ends.upperBound * (1 + slack)
    }
    return (ends, inside)
  }

  private static func labels(_ values: [Double], step: Double) -> [String] {
    let largest = values.map(abs).max() ?? 0
    if largest >= 1e9 || (largest > 0 && largest < 1e-3) {
      return values.map { $0 == 0 ? "0" : NumberText.scientific($0) }
    }
    let (unit, suffix) = largest >= 1e6 ? (1e6, "M") : largest >= 1e4 ? (1e3, "k") : (1, "")
    let decimals = max(0, Int((-log10(step / unit) - 1e-9).rounded(.up)))
    return values.map { value in
      value == 0 ? "0" : NumberText.fixed(value / unit, decimals: decimals) + suffix
    }
  }

  private static func power(_ value: Double) -> String {
    NumberText.scientific(value)
  }
}
