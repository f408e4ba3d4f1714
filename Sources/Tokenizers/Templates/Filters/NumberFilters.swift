// SPDX-License-Identifier: Apache-2.0

/// Filters of numbers, and of values of any kind.
extension TemplateFilters {
  static let numberFilters: [String: Filter] = [
    "abs": { value, arguments, evaluator in
      _ = try arguments.bound("abs", [])
      if let number = value.wholeNumber {
        return number < 0 ? try evaluator.arithmetic.negated(value) : .integer(number)
      }
      guard let number = value.realNumber else {
        throw TemplateFailure("abs takes a number, not \(value.typeName)")
      }
      return .number(abs(number))
    },
    "int": { value, arguments, _ in try integer(value, arguments) },
    "float": { value, arguments, _ in try real(value, arguments) },
    "round": { value, arguments, _ in try rounded(value, arguments) },
    "default": { value, arguments, _ in try standard(value, arguments) },
    "d": { value, arguments, _ in try standard(value, arguments) },
    "attr": { value, arguments, evaluator in
      let values = try arguments.bound("attr", ["name"], required: 1)
      let name = try values[0].text("name", default: "")
      if case .undefined(let undefined) = value { throw undefined.failure }
      return try evaluator.lookup.native(value, name)
        ?? .undefined(.member(of: value.typeName, name))
    },
  ]

  private static func standard(
    _ value: TemplateValue, _ arguments: CallArguments
  ) throws -> TemplateValue {
    let values = try arguments.bound("default", ["default_value", "boolean"])
    let isMissing = value.isUndefined || (values[1]?.isTrue == true && !value.isTrue)
    return isMissing ? values[0] ?? .string("") : value
  }

  private static func integer(
    _ value: TemplateValue, _ arguments: CallArguments
  ) throws -> TemplateValue {
    let values = try arguments.bound("int", ["default", "base"])
    let standard = values[0] ?? .integer(0)
    if case .undefined(let undefined) = value { throw undefined.failure }
    if let number = value.wholeNumber { return .integer(number) }
    var number: Double?
    if let text = value.text {
      if let whole = PythonNumber.integer(text, base: try values[1].whole("base", default: 10)) {
        return .integer(whole)
      }
      number = PythonNumber.number(text)
    } else if case .number(let real) = value {
      // Python's int(infinity) is an error of its own kind, which Jinja does not catch.
      if real.isInfinite { throw TemplateFailure("infinity is no whole number") }
      number = real
    }
    guard let number, number.isFinite else { return standard }
    guard let whole = Int(exactly: number.rounded(.towardZero)) else {
      throw TemplateArithmetic.tooLarge
    }
    return .integer(whole)
  }

  private static func real(
    _ value: TemplateValue, _ arguments: CallArguments
  ) throws -> TemplateValue {
    let values = try arguments.bound("float", ["default"])
    if case .undefined(let undefined) = value { throw undefined.failure }
    if let number = value.realNumber { return .number(number) }
    return value.text.flatMap(PythonNumber.number).map { .number($0) } ?? values[0] ?? .number(0)
  }

  private static func rounded(
    _ value: TemplateValue, _ arguments: CallArguments
  ) throws -> TemplateValue {
    let values = try arguments.bound("round", ["precision", "method"])
    let digits = try values[0].whole("precision", default: 0)
    let method = try values[1].text("method", default: "common")
    guard ["common", "ceil", "floor"].contains(method) else {
      throw TemplateFailure("round's method is 'common', 'ceil' or 'floor', not '\(method)'")
    }
    guard let number = value.realNumber else {
      if case .undefined(let undefined) = value { throw undefined.failure }
      throw TemplateFailure("round takes a number, not \(value.typeName)")
    }
    if method == "common" {
      if let whole = value.wholeNumber { return .integer(try rounded(whole, digits)) }
      return .number(rounded(number, digits))
    }
    guard abs(digits) <= 300 else { throw TemplateArithmetic.tooLarge }
    let factor = PythonNumber.power(10, Double(digits))
    let scaled = number * factor
    guard scaled.isFinite else { throw TemplateFailure("\(method) of a number without an end") }
    return .number(scaled.rounded(method == "ceil" ? .up : .down) / factor)
  }

  /// A whole number to tens, hundreds and so on for negative digits; halves go to the even one.
  private static func rounded(_ number: Int, _ digits: Int) throws -> Int {
    guard digits < 0 else { return number }
    guard digits > -19 else { return 0 }
    let unit = (0..<(-digits)).reduce(1) { result, _ in result * 10 }
    let (quotient, rest) = number.quotientAndRemainder(dividingBy: unit)
    let distance = rest.magnitude * 2
    let isUp =
      distance > UInt(unit) || (distance == UInt(unit) && !quotient.isMultiple(of: 2))
    let rounded = isUp ? quotient + number.signum() : quotient
    let (product, overflows) = rounded.multipliedReportingOverflow(by: unit)
    if overflows { throw TemplateArithmetic.tooLarge }
    return product
  }

  /// A number to so many digits behind the point, as exactly as it is stored.
  private static func rounded(_ number: Double, _ digits: Int) -> Double {
    guard number.isFinite, digits < 324 else { return number }
    if digits >= 0 { return Double(PythonNumber.fixed(number, digits: digits)) ?? number }
    guard digits > -309 else { return number.sign == .minus ? -0.0 : 0 }
    // The number's decimal digits, cut before the last -digits of them.
    let unit = PythonNumber.power(10, Double(-digits))
    let quotient = (number / unit).rounded(.toNearestOrEven)
    return quotient * unit
  }
}
