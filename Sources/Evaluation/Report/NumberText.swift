// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Numbers as readers expect them: a true minus sign, and a dash for what is not a number.
enum NumberText {
  /// `decimals` digits after the point.
  static func fixed(_ value: Double, decimals: Int) -> String {
    guard !value.isNaN else { return "–" }
    guard value.isFinite else { return value > 0 ? "∞" : "−∞" }
    let text = String(format: "%.\(decimals)f", value)
    guard text.hasPrefix("-") else { return text }
    // "-0.00" has no meaning for a reader.
    let isZero = text.allSatisfy { "-0.".contains($0) }
    return (isZero ? "" : "−") + text.dropFirst()
  }

  /// About `digits` significant digits, short.
  static func short(_ value: Double, digits: Int = 3) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, decimals: 0) }
    let magnitude = Int(log10(abs(value)).rounded(.down))
    if magnitude < -4 || magnitude > 6 { return scientific(value, digits: digits) }
    let text = fixed(value, decimals: max(0, digits - 1 - magnitude))
    guard text.contains(".") else { return text }
    let trimmed = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
    return String(trimmed.reversed())
  }

  /// `3×10⁻⁵`, or `10⁻⁵` for a power of ten.
  static func scientific(_ value: Double, digits: Int = 2) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, decimals: 0) }
    var exponent = Int(log10(abs(value)).rounded(.down))
    var mantissa = short(value / pow(10, Double(exponent)), digits: digits)
    if mantissa.hasSuffix("10") {
      exponent += 1
      mantissa = value < 0 ? "−1" : "1"
    }
    let power = "10" + String(exponent).map(superscript).joined()
    if mantissa == "1" { return power }
    if mantissa == "−1" { return "−" + power }
    return mantissa + "×" + power
  }

  /// A whole number with thin spaces between groups of three from five digits on.
  static func grouped(_ value: Int) -> String {
    let digits = String(value.magnitude)
    guard digits.count > 4 else { return (value < 0 ? "−" : "") + digits }
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text.append("\u{202F}") }
      text.append(digit)
    }
    return (value < 0 ? "−" : "") + text
  }

  private static func superscript(_ character: Character) -> String {
    let raised: [Character: String] = [
      "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷",
      "8": "⁸", "9": "⁹",
    ]
    return raised[character] ?? ""
  }
}
