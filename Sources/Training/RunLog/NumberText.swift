// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation

/// The ways this log writes a number.
enum NumberText {
  /// For JSON: the shortest digits that read back to the same number, and "NaN", "Infinity" or
  /// "-Infinity" as strings, since JSON has no such numbers.
  static func json(_ value: Double) -> JSONValue {
    value.isFinite ? JSONValue(number: value) : .string(notFinite(value))
  }

  /// For tables read by programs: as ``json(_:)``, without quotes.
  static func exact(_ value: Double) -> String {
    value.isFinite ? JSONValue(number: value).serialized() : notFinite(value)
  }

  /// The number that ``json(_:)`` made `value` from; nil for anything else.
  static func number(_ value: JSONValue) -> Double? {
    switch value.string {
    case "NaN": .nan
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: value.double
    }
  }

  /// For people: four significant digits, all digits of whole numbers.
  static func short(_ value: Double) -> String {
    guard value.isFinite else { return notFinite(value) }
    let isLong = abs(value) >= 1000 && abs(value) < 1e15
    if isLong || value.rounded() == value && abs(value) < 1000 {
      return String(Int(value.rounded()))
    }
    return String(format: "%.4g", value)
  }

  /// Seconds as `2:05` or `1:02:05`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e12 else { return "?" }
    let whole = Int(max(0, seconds).rounded())
    let clock = String(format: "%02d", whole % 60)
    let minutes = whole / 60 % 60
    return whole < 3600
      ? "\(minutes):\(clock)" : "\(whole / 3600):\(String(format: "%02d", minutes)):\(clock)"
  }

  private static func notFinite(_ value: Double) -> String {
    value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
  }
}
