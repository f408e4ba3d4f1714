// SPDX-License-Identifier: Apache-2.0

/// One JSON value that keeps what Foundation's dictionaries lose.
///
/// Object members stay in file order, and their names are never compared by canonical equivalence:
/// a vocabulary may hold "é" as one scalar and as two, which Swift dictionaries of `String` would
/// fold into one entry.
enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])

  /// What a message calls this value: "an object", "a string", ...
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .integer, .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }

  /// The number, whole or not; nil where this is none.
  var double: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .number(let number): number
    default: nil
    }
  }

  /// The last member called `name`, or nil where there is none or this is no object.
  subscript(name: String) -> JSONValue? {
    get {
      guard case .object(let members) = self else { return nil }
      return members.last { $0.name == name }?.value
    }
    set {
      guard case .object(var members) = self else { return }
      let place = members.lastIndex { $0.name == name }
      switch (place, newValue) {
      case (let place?, let value?): members[place].value = value
      case (let place?, nil): members.remove(at: place)
      case (nil, let value?): members.append(JSONMember(name, value))
      case (nil, nil): return
      }
      self = .object(members)
    }
  }
}

/// One named member of a JSON object.
struct JSONMember: Sendable, Equatable {
  var name: String
  var value: JSONValue

  init(_ name: String, _ value: JSONValue) {
    self.name = name
    self.value = value
  }
}
