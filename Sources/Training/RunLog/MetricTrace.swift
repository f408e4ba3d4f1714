// SPDX-License-Identifier: Apache-2.0

/// The first and the newest values of a metric, to tell a trend from the noise of batches.
struct MetricTrace {
  private let window: Int
  private var first: [Double] = []
  private var newest: [Double] = []
  private var next = 0

  /// Keeps `window` values, at least 1, at either end.
  init(window: Int) { self.window = max(1, window) }

  mutating func append(_ value: Double) {
    if first.count < window {
      first.append(value)
    } else if newest.count < window {
      newest.append(value)
    } else {
      newest[next] = value
      next = (next + 1) % window
    }
  }

  /// Both means, once there are two full windows.
  var means: (first: Double, newest: Double)? {
    guard newest.count == window else { return nil }
    return (Self.mean(first), Self.mean(newest))
  }

  private static func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(values.count)
  }
}
