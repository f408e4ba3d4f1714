// SPDX-License-Identifier: Apache-2.0

/// The operators + − * / // % ** on values, with Python's rules.
struct TemplateArithmetic {
  let budget: TemplateBudget

  /// - Throws: ``TemplateFailure`` where the operator does not fit the values.
  func apply(
    _ operation: ArithmeticOperator, _ left: TemplateValue, _ right: TemplateValue
  ) throws -> TemplateValue {
    if case .undefined(let undefined) = left { throw undefined.failure }
    if operation == .modulo, left.text != nil { return try formatted(left, right) }
    if case .undefined(let undefined) = right { throw undefined.failure }
    if let result = try numeric(operation, left, right) { return result }
    if let result = try sequence(operation, left, right) { return result }
    throw TemplateFailure(
      "'\(operation.rawValue)' does not work with \(left.typeName) and \(right.typeName)"
        + hint(operation, left, right))
  }

  private func hint(
    _ operation: ArithmeticOperator, _ left: TemplateValue, _ right: TemplateValue
  ) -> String {
    let isText = left.text != nil || right.text != nil
    return operation == .add && isText ? "; '~' joins values of any type as text" : ""
  }

  func negated(_ value: TemplateValue) throws -> TemplateValue {
    switch value {
    case .undefined(let undefined): throw undefined.failure
    case .bool(let flag): return .integer(flag ? -1 : 0)
    case .integer(let number): return try integer(0.subtractingReportingOverflow(number))
    case .number(let number): return .number(-number)
    default: throw TemplateFailure("'-' does not work with \(value.typeName)")
    }
  }

  func positive(_ value: TemplateValue) throws -> TemplateValue {
    switch value {
    case .undefined(let undefined): throw undefined.failure
    case .bool(let flag): return .integer(flag ? 1 : 0)
    case .integer, .number: return value
    default: throw TemplateFailure("'+' does not work with \(value.typeName)")
    }
  }

  // MARK: Numbers

  private func numeric(
    _ operation: ArithmeticOperator, _ left: TemplateValue, _ right: TemplateValue
  ) throws -> TemplateValue? {
    if let first = left.wholeNumber, let second = right.wholeNumber {
      return try whole(operation, first, second)
    }
    guard let first = left.realNumber, let second = right.realNumber else { return nil }
    return .number(try real(operation, first, second))
  }

  private func whole(
    _ operation: ArithmeticOperator, _ left: Int, _ right: Int
  ) throws -> TemplateValue {
    switch operation {
    case .add: return try integer(left.addingReportingOverflow(right))
    case .subtract: return try integer(left.subtractingReportingOverflow(right))
    case .multiply: return try integer(left.multipliedReportingOverflow(by: right))
    case .divide: return .number(try real(.divide, Double(left), Double(right)))
    case .floorDivide:
      guard right != 0 else { throw Self.divisionByZero }
      let (quotient, overflows) = left.dividedReportingOverflow(by: right)
      if overflows { throw Self.tooLarge }
      let isExact = right == -1 || left % right == 0
      return .integer(!isExact && (left < 0) != (right < 0) ? quotient - 1 : quotient)
    case .modulo:
      guard right != 0 else { throw Self.divisionByZero }
      if right == -1 { return .integer(0) }
      let rest = left % right
      return .integer(rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest)
    case .power:
      return right < 0
        ? .number(try real(.power, Double(left), Double(right))) : try power(left, right)
    }
  }

  private func integer(_ result: (partialValue: Int, overflow: Bool)) throws -> TemplateValue {
    if result.overflow { throw Self.tooLarge }
    return .integer(result.partialValue)
  }

  private func power(_ base: Int, _ exponent: Int) throws -> TemplateValue {
    if base == 0 || base == 1 { return .integer(exponent == 0 ? 1 : base) }
    if base == -1 { return .integer(exponent % 2 == 0 ? 1 : -1) }
    var result = 1
    for _ in 0..<min(exponent, 65) {
      let (product, overflows) = result.multipliedReportingOverflow(by: base)
      if overflows { throw Self.tooLarge }
      result = product
    }
    return .integer(result)
  }

  private func real(
    _ operation: ArithmeticOperator, _ left: Double, _ right: Double
  ) throws -> Double {
    switch operation {
    case .add: return left + right
    case .subtract: return left - right
    case .multiply: return left * right
    case .divide:
      guard right != 0 else { throw Self.divisionByZero }
      return left / right
    case .floorDivide:
      guard right != 0 else { throw Self.divisionByZero }
      let rest = Self.modulo(left, right)
      let quotient = (left - rest) / right
      return quotient == 0 ? 0 * left / right : quotient.rounded()
    case .modulo:
      guard right != 0 else { throw Self.divisionByZero }
      return Self.modulo(left, right)
    case .power:
      if left == 0, right < 0 { throw Self.divisionByZero }
      let result = PythonNumber.power(left, right)
      if result.isNaN, !left.isNaN, !right.isNaN {
        throw TemplateFailure("a root of a negative number is no real number")
      }
      if result.isInfinite, left.isFinite, right.isFinite { throw Self.tooLarge }
      return result
    }
  }

  /// The rest with the sign of the divisor.
  private static func modulo(_ left: Double, _ right: Double) -> Double {
    let rest = left.truncatingRemainder(dividingBy: right)
    if rest == 0 { return right < 0 ? -0.0 : 0 }
    return (rest < 0) != (right < 0) ? rest + right : rest
  }

  private static let divisionByZero = TemplateFailure("division by zero")
  static let tooLarge = TemplateFailure("a number outside 64 bits", kind: .limit)

  // MARK: Texts and lists

  private func sequence(
    _ operation: ArithmeticOperator, _ left: TemplateValue, _ right: TemplateValue
  ) throws -> TemplateValue? {
    switch (operation, left, right) {
    case (.add, .list(let first), .list(let second)):
      try budget.make(items: first.items.count + second.items.count)
      return .list(try TemplateList(first.items + second.items))
    case (.add, .tuple(let first), .tuple(let second)):
      try budget.make(items: first.items.count + second.items.count)
      return .tuple(try TemplateList(first.items + second.items))
    case (.add, _, _): return try joined(left, right)
    case (.multiply, _, _):
      if let count = right.wholeNumber { return try repeated(left, count) }
      if let count = left.wholeNumber { return try repeated(right, count) }
      return nil
    default: return nil
    }
  }

  private func joined(_ left: TemplateValue, _ right: TemplateValue) throws -> TemplateValue? {
    guard var first = left.text, var second = right.text else { return nil }
    var isMarkup = false
    switch (left, right) {
    case (.markup, .string): (second, isMarkup) = (HTMLText.escaped(second), true)
    case (.string, .markup): (first, isMarkup) = (HTMLText.escaped(first), true)
    case (.markup, .markup): isMarkup = true
    default: break
    }
    try budget.make(first.utf8.count + second.utf8.count)
    return isMarkup ? .markup(first + second) : .string(first + second)
  }

  private func repeated(_ value: TemplateValue, _ count: Int) throws -> TemplateValue? {
    func items(_ list: TemplateList) throws -> TemplateList {
      let (size, overflows) = list.items.count.multipliedReportingOverflow(by: max(0, count))
      try budget.make(items: overflows ? Int.max >> 5 : size)
      return try TemplateList(Array(repeatElement(list.items, count: max(0, count)).joined()))
    }
    switch value {
    case .string(let text), .markup(let text):
      try budget.make(text.utf8.count, times: count)
      return value.withText(String(repeating: text, count: text.isEmpty ? 0 : max(0, count)))
    case .list(let list): return .list(list.items.isEmpty ? list : try items(list))
    case .tuple(let list): return .tuple(list.items.isEmpty ? list : try items(list))
    default: return nil
    }
  }

  /// `"%s" % value`.
  private func formatted(_ left: TemplateValue, _ right: TemplateValue) throws -> TemplateValue {
    var format = PercentFormat(left.text ?? "", budget: budget)
    return left.withText(try format.text(right))
  }
}

extension TemplateValue {
  /// The value of a whole number or a truth value, which count as 1 and 0.
  var wholeNumber: Int? {
    switch self {
    case .bool(let flag): flag ? 1 : 0
    case .integer(let number): number
    default: nil
    }
  }

  /// The value of any number.
  var realNumber: Double? {
    if case .number(let number) = self { number } else { wholeNumber.map(Double.init) }
  }
}

/// HTML's five special characters, as `markupsafe` writes them.
enum HTMLText {
  static func escaped(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result.append(contentsOf: "&amp;".unicodeScalars)
      case "<": result.append(contentsOf: "&lt;".unicodeScalars)
      case ">": result.append(contentsOf: "&gt;".unicodeScalars)
      case "'": result.append(contentsOf: "&#39;".unicodeScalars)
      case "\"": result.append(contentsOf: "&#34;".unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }
}
