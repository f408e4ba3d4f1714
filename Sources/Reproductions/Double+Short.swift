// SPDX-License-Identifier: Apache-2.0
import Foundation

extension Double {
  /// Three significant digits, for the evidence of a claim.
  var short: String { String(format: "%.3g", self) }

  /// A share in percent with one digit, for the evidence of a claim.
  var percent: String { String(format: "%.1f %%", 100 * self) }
}

extension [Double] {
  /// Arithmetic mean; not a number where the array is empty.
  var mean: Double { reduce(0, +) / Double(count) }
}
