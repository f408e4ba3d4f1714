// SPDX-License-Identifier: Apache-2.0

/// The methods of dictionaries. Those that would change one are closed to templates.
struct DictionaryMethods {
  static let names: Set<String> = ["copy", "fromkeys", "get", "items", "keys", "values"]
  static let forbidden: Set<String> = ["clear", "pop", "popitem", "setdefault", "update"]

  private let dictionary: TemplateDictionary

  init(_ dictionary: TemplateDictionary) {
    self.dictionary = dictionary
  }

  func call(_ name: String, _ arguments: CallArguments) throws -> TemplateValue {
    switch name {
    case "get":
      guard arguments.named.isEmpty else {
        throw TemplateFailure("get takes a key and a default, without names")
      }
      let values = try arguments.bound("get", ["key", "default"], required: 1)
      return dictionary[try TemplateKey(values[0] ?? .none)] ?? values[1] ?? .none
    case "items": return try view(.items, name, arguments)
    case "keys": return try view(.keys, name, arguments)
    case "values": return try view(.values, name, arguments)
    case "copy":
      _ = try arguments.bound(name, [])
      return .dictionary(try TemplateDictionary(dictionary.members))
    default: throw TemplateFailure("the method '\(name)' is not supported; use dict.fromkeys")
    }
  }

  private func view(
    _ kind: TemplateDictionaryView.Kind, _ name: String, _ arguments: CallArguments
  ) throws -> TemplateValue {
    _ = try arguments.bound(name, [])
    return .object(TemplateDictionaryView(dictionary, kind))
  }
}

/// The methods of lists and tuples. Those that would change one are closed to templates.
struct ListMethods {
  static let names: Set<String> = ["copy", "count", "index"]
  static let tupleNames: Set<String> = ["count", "index"]
  static let forbidden: Set<String> = [
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
  ]

  private let receiver: TemplateValue
  private let list: TemplateList
  private let evaluator: TemplateEvaluator

  init(_ receiver: TemplateValue, _ list: TemplateList, _ evaluator: TemplateEvaluator) {
    self.receiver = receiver
    self.list = list
    self.evaluator = evaluator
  }

  func call(_ name: String, _ arguments: CallArguments) throws -> TemplateValue {
    switch name {
    case "copy":
      _ = try arguments.bound(name, [])
      return .list(try TemplateList(list.items))
    case "count":
      let value = try arguments.bound(name, ["value"], required: 1)[0] ?? .none
      return .integer(try list.items.count { try evaluator.comparison.isEqual($0, value) })
    case "index":
      let values = try arguments.bound(name, ["value", "start", "stop"], required: 1)
      let count = list.items.count
      func bound(_ value: TemplateValue?, _ standard: Int) throws -> Int {
        let place = try value.whole("start or stop", default: standard)
        return min(max(place < 0 ? place + count : place, 0), count)
      }
      let (start, stop) = (try bound(values[1], 0), try bound(values[2], count))
      for index in start..<max(start, stop)
      where try evaluator.comparison.isEqual(list.items[index], values[0] ?? .none) {
        return .integer(index)
      }
      throw TemplateFailure("the \(receiver.typeName) does not hold what is looked for")
    default: throw TemplateFailure("a \(receiver.typeName) has no method '\(name)'")
    }
  }
}
