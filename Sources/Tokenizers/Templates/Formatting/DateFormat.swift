// SPDX-License-Identifier: Apache-2.0

import Foundation

/// `strftime_now`: the date and time of the clock's zone, in English, as Python writes them on Linux.
struct DateFormat {
  private static let days = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]
  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]

  private let parts: DateComponents
  private let dayOfYear: Int

  /// The text of a date.
  ///
  /// - Throws: ``TemplateFailure`` for a directive that is not known.
  static func text(_ date: Date, _ format: String, _ budget: TemplateBudget) throws -> String {
    let writer = DateFormat(date)
    var output = TemplateOutput()
    var scalars = format.unicodeScalars.makeIterator()
    while let scalar = scalars.next() {
      guard scalar == "%" else {
        try output.append(String(scalar), budget)
        continue
      }
      var directive = scalars.next()
      var flag: Unicode.Scalar?
      if let sign = directive, "-_0".unicodeScalars.contains(sign) {
        flag = sign
        directive = scalars.next()
      }
      guard let directive else {
        try output.append("%" + (flag.map { String($0) } ?? ""), budget)
        break
      }
      try output.append(writer.text(directive, flag), budget)
    }
    return output.text
  }

  private init(_ date: Date) {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .current
    parts = calendar.dateComponents(
      [.year, .month, .day, .hour, .minute, .second, .nanosecond, .weekday], from: date)
    dayOfYear = calendar.ordinality(of: .day, in: .year, for: date) ?? 1
  }

  private var year: Int { parts.year ?? 1970 }
  private var month: Int { parts.month ?? 1 }
  private var day: Int { parts.day ?? 1 }
  private var hour: Int { parts.hour ?? 0 }
  private var minute: Int { parts.minute ?? 0 }
  private var second: Int { parts.second ?? 0 }
  /// 0 for Sunday.
  private var weekday: Int { (parts.weekday ?? 1) - 1 }
  private var hour12: Int { hour % 12 == 0 ? 12 : hour % 12 }

  private func text(_ directive: Unicode.Scalar, _ flag: Unicode.Scalar?) throws -> String {
    func number(_ value: Int, _ width: Int, fill standard: Unicode.Scalar = "0") -> String {
      if flag == "-" { return String(value) }
      let fill = flag == "_" ? " " : flag == "0" ? "0" : standard
      let digits = String(value)
      return String(repeating: String(fill), count: max(0, width - digits.count)) + digits
    }
    switch directive {
    case "Y": return String(year)
    case "y": return number(year % 100, 2)
    case "C": return number(year / 100, 2)
    case "m": return number(month, 2)
    case "d": return number(day, 2)
    case "e": return number(day, 2, fill: " ")
    case "H": return number(hour, 2)
    case "k": return number(hour, 2, fill: " ")
    case "I": return number(hour12, 2)
    case "l": return number(hour12, 2, fill: " ")
    case "M": return number(minute, 2)
    case "S": return number(second, 2)
    case "f": return number(min(((parts.nanosecond ?? 0) + 500) / 1000, 999_999), 6)
    case "j": return number(dayOfYear, 3)
    case "w": return number(weekday, 1)
    case "u": return number(weekday == 0 ? 7 : weekday, 1)
    case "U": return number((dayOfYear - 1 + 7 - weekday) / 7, 2)
    case "W": return number((dayOfYear - 1 + 7 - (weekday + 6) % 7) / 7, 2)
    default: return try words(directive)
    }
  }

  private func words(_ directive: Unicode.Scalar) throws -> String {
    switch directive {
    case "B": return Self.months[month - 1]
    case "b", "h": return String(Self.months[month - 1].prefix(3))
    case "A": return Self.days[weekday]
    case "a": return String(Self.days[weekday].prefix(3))
    case "p": return hour < 12 ? "AM" : "PM"
    case "P": return hour < 12 ? "am" : "pm"
    // The time carries no zone in Python either.
    case "z", "Z": return ""
    case "%": return "%"
    case "n": return "\n"
    case "t": return "\t"
    case "F": return try joined("Y", "-", "m", "-", "d")
    case "D", "x": return try joined("m", "/", "d", "/", "y")
    case "T", "X": return try joined("H", ":", "M", ":", "S")
    case "R": return try joined("H", ":", "M")
    case "r": return try joined("I", ":", "M", ":", "S", " ", "p")
    case "c": return try joined("a", " ", "b", " ", "e", " ", "T", " ", "Y")
    default: throw TemplateFailure("strftime_now does not know '%\(directive)'")
    }
  }

  private func joined(_ parts: Unicode.Scalar...) throws -> String {
    try parts.reduce(into: "") { result, part in
      result += "-/: ".unicodeScalars.contains(part) ? String(part) : try text(part, nil)
    }
  }
}
