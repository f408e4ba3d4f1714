// SPDX-License-Identifier: Apache-2.0
import Foundation

extension Double {
  /// Three significant digits, for the evidence of a claim.
  var short: String { String(format: "%.3g", self) }
}

extension [Double] {
  /// Arithmetic mean; not a number where the array is empty.
  var mean: Double { reduce(0, +) / Double(count) }
}
