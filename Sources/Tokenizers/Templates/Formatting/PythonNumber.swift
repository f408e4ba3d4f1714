// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Numbers as Python writes and reads them.
enum PythonNumber {
  /// The shortest text that reads back as the same number, laid out as Python's `repr` does.
  static func text(of number: Double) -> String {
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    let (digits, exponent) = shortest(number.magnitude)
    let sign = number.sign == .minus ? "-" : ""
    return sign + layout(digits, exponent: exponent)
  }

  /// The digits without point, and the power of ten of the first one.
  private static func shortest(_ number: Double) -> (digits: String, exponent: Int) {
    let description = "\(number)".lowercased()
    let parts = description.split(separator: "e")
    let mantissa = parts[0].split(separator: ".")
    let whole = mantissa.first.map(String.init) ?? "0"
    let fraction = mantissa.count > 1 ? String(mantissa[1]) : ""
    var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + whole.count - 1
    var digits = Substring(whole + fraction)
    while digits.first == "0", digits.count > 1 {
      digits = digits.dropFirst()
      exponent -= 1
    }
    while digits.last == "0", digits.count > 1 { digits = digits.dropLast() }
    return digits == "0" ? ("0", 0) : (String(digits), exponent)
  }

  private static func layout(_ digits: String, exponent: Int) -> String {
    if exponent < -4 || exponent >= 16 {
      let rest = digits.dropFirst()
      let mantissa = digits.prefix(1) + (rest.isEmpty ? "" : "." + rest)
      let power = String(exponent.magnitude)
      return mantissa + "e" + (exponent < 0 ? "-" : "+") + (power.count < 2 ? "0" : "") + power
    }
    if exponent < 0 {
      return "0." + String(repeating: "0", count: -exponent - 1) + digits
    }
    let missing = exponent + 1 - digits.count
    if missing >= 0 { return digits + String(repeating: "0", count: missing) + ".0" }
    return digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
  }

  /// A number with so many digits behind the point, rounded as it is exactly stored.
  static func fixed(_ number: Double, digits: Int) -> String {
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    return String(format: "%.\(digits)f", number)
  }

  /// Scientific notation with so many digits behind the point.
  static func scientific(_ number: Double, digits: Int) -> String {
    if !number.isFinite { return fixed(number, digits: 0) }
    return String(format: "%.\(digits)e", number)
  }

  /// The shorter of both notations with so many digits that count, without trailing zeros unless
  /// `keepsZeros`.
  static func general(_ number: Double, digits: Int, keepsZeros: Bool) -> String {
    if !number.isFinite { return fixed(number, digits: 0) }
    return String(format: keepsZeros ? "%#.\(digits)g" : "%.\(digits)g", number)
  }

  /// Reads what Python's `float` reads; nil for anything else.
  static func number(_ text: String) -> Double? {
    let trimmed = text.unicodeScalars.trimmingPythonSpace()
    guard let plain = withoutUnderscores(trimmed) else { return nil }
    var word = plain.lowercased()
    let sign: Double = word.hasPrefix("-") ? -1 : 1
    if word.hasPrefix("-") || word.hasPrefix("+") { word.removeFirst() }
    switch word {
    case "inf", "infinity": return sign * .infinity
    case "nan": return .nan
    default: break
    }
    guard let first = word.utf8.first, (0x30...0x39).contains(first) || first == 0x2E,
      word.utf8.allSatisfy({ (0x30...0x39).contains($0) || ".e+-".utf8.contains($0) }),
      word != "."
    else { return nil }
    // Python takes "5." and ".5"; the reader wants digits on both sides.
    var spelled = word.replacing(".e", with: ".0e")
    if spelled.hasPrefix(".") { spelled = "0" + spelled }
    if spelled.hasSuffix(".") { spelled += "0" }
    return Double(spelled).map { sign * $0 }
  }

  /// Reads what Python's `int` reads; nil for anything else, and beyond 64 bits.
  static func integer(_ text: String, base: Int) -> Int? {
    let trimmed = text.unicodeScalars.trimmingPythonSpace()
    guard var word = withoutUnderscores(trimmed)?.lowercased() else { return nil }
    let isNegative = word.hasPrefix("-")
    if isNegative || word.hasPrefix("+") { word.removeFirst() }
    var radix = base
    for (prefix, value) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
      if base == value || base == 0 {
        word.removeFirst(2)
        radix = value
      }
    }
    if radix == 0 {
      guard !word.hasPrefix("0") || word.allSatisfy({ $0 == "0" }) else { return nil }
      radix = 10
    }
    guard (2...36).contains(radix), let first = word.utf8.first, first != 0x2B, first != 0x2D,
      let value = Int((isNegative ? "-" : "") + word, radix: radix)
    else { return nil }
    return value
  }

  /// Digits may be parted by single underscores; nil where one stands elsewhere.
  private static func withoutUnderscores(_ text: String) -> String? {
    guard text.utf8.contains(0x5F) else { return text }
    let bytes = Array(text.utf8)
    for (index, byte) in bytes.enumerated() where byte == 0x5F {
      guard index > 0, index + 1 < bytes.count, bytes[index - 1].isAlphanumeric,
        bytes[index + 1].isAlphanumeric
      else { return nil }
    }
    return text.filter { $0 != "_" }
  }
}

extension UInt8 {
  fileprivate var isAlphanumeric: Bool {
    (0x30...0x39).contains(self) || (0x61...0x7A).contains(self | 0x20)
  }
}

extension String.UnicodeScalarView {
  /// The text without Python's white space at both ends.
  func trimmingPythonSpace() -> String {
    var rest = self[...]
    while rest.first?.isPythonSpace == true { rest.removeFirst() }
    while rest.last?.isPythonSpace == true { rest.removeLast() }
    return String(rest)
  }
}

extension PythonNumber {
  /// A number to a power.
  static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}
