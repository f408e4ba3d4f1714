// SPDX-License-Identifier: Apache-2.0

/// Typed access to the columns of a row, with errors that name the column and what was found.
/// `parent` is the path of the object inside its row, nil for the row itself.
extension JSONObject {
  func required(_ key: String, in parent: String? = nil) throws(FieldError) -> JSONValue {
    guard let value = self[key] else {
      throw FieldError(path(key, parent), "is missing; found \(keys.listed)")
    }
    guard !value.isNull else { throw FieldError(path(key, parent), "is null") }
    return value
  }

  func text(_ key: String) throws(FieldError) -> RecordText {
    try RecordText(required(key), field: key)
  }

  func string(_ key: String, in parent: String? = nil) throws(FieldError) -> String {
    try convert(required(key, in: parent), path(key, parent), "a string") { $0.string }
  }

  func double(_ key: String, in parent: String? = nil) throws(FieldError) -> Double {
    try convert(required(key, in: parent), path(key, parent), "a number") { $0.double }
  }

  func bool(_ key: String) throws(FieldError) -> Bool {
    try convert(required(key), key, "true or false") { $0.truth }
  }

  func array(_ key: String, in parent: String? = nil) throws(FieldError) -> [JSONValue] {
    try convert(required(key, in: parent), path(key, parent), "a list") { $0.array }
  }

  func object(_ key: String) throws(FieldError) -> JSONObject {
    try convert(required(key), key, "an object") { $0.object }
  }

  /// 0 or 1, counted from `base`.
  func side(_ key: String, from base: Int = 0) throws(FieldError) -> Int {
    let value = try required(key)
    guard let number = value.integer, (base...base + 1).contains(number) else {
      throw FieldError(key, "expected \(base) or \(base + 1), found \(value.kind)")
    }
    return number - base
  }

  func optionalString(_ key: String, in parent: String? = nil) throws(FieldError) -> String? {
    try optional(key, parent, "a string") { $0.string }
  }

  func optionalDouble(_ key: String, in parent: String? = nil) throws(FieldError) -> Double? {
    try optional(key, parent, "a number") { $0.double }
  }

  func optionalBool(_ key: String, in parent: String? = nil) throws(FieldError) -> Bool? {
    try optional(key, parent, "true or false") { $0.truth }
  }

  func optionalArray(_ key: String, in parent: String? = nil) throws(FieldError) -> [JSONValue]? {
    try optional(key, parent, "a list") { $0.array }
  }

  func optionalObject(_ key: String, in parent: String? = nil) throws(FieldError) -> JSONObject? {
    try optional(key, parent, "an object") { $0.object }
  }

  private func optional<Value>(
    _ key: String, _ parent: String?, _ expected: String, _ read: (JSONValue) -> Value?
  ) throws(FieldError) -> Value? {
    guard let value = self[key], !value.isNull else { return nil }
    return try convert(value, path(key, parent), expected, read)
  }

  private func convert<Value>(
    _ value: JSONValue, _ field: String, _ expected: String, _ read: (JSONValue) -> Value?
  ) throws(FieldError) -> Value {
    guard let converted = read(value) else {
      throw FieldError(field, "expected \(expected), found \(value.kind)")
    }
    return converted
  }

  private func path(_ key: String, _ parent: String?) -> String {
    parent.map { "\($0).\(key)" } ?? key
  }
}

extension JSONValue {
  /// true, false, 1 or 0: data sets write labels both ways.
  var truth: Bool? {
    switch self {
    case .bool(let value): value
    case .integer(1), .number(1): true
    case .integer(0), .number(0): false
    default: nil
    }
  }
}

extension [JSONValue] {
  /// Every element as a string.
  func strings(field: String) throws(FieldError) -> [String] {
    var strings: [String] = []
    for (index, value) in enumerated() {
      guard let text = value.string else {
        throw FieldError("\(field)[\(index)]", "expected a string, found \(value.kind)")
      }
      strings.append(text)
    }
    return strings
  }

  /// Every element as a text.
  func texts(field: String) throws(FieldError) -> [RecordText] {
    var texts: [RecordText] = []
    for (index, value) in enumerated() {
      texts.append(try RecordText(value, field: "\(field)[\(index)]"))
    }
    return texts
  }

  /// Every element as a number.
  func doubles(field: String) throws(FieldError) -> [Double] {
    var numbers: [Double] = []
    for (index, value) in enumerated() {
      guard let number = value.double else {
        throw FieldError("\(field)[\(index)]", "expected a number, found \(value.kind)")
      }
      numbers.append(number)
    }
    return numbers
  }
}

extension JSONObject {
  /// Every member as an aspect with a number.
  func aspects(field: String) throws(FieldError) -> [AspectScore] {
    var aspects: [AspectScore] = []
    for (name, _) in self { aspects.append(AspectScore(name, try double(name, in: field))) }
    return aspects
  }
}
