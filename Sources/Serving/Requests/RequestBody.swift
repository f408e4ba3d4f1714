// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation

/// The JSON object of a request, with every field it may have.
protocol RequestFields: Decodable {
  /// Fields that are read.
  static var known: Set<String> { get }
  /// Fields that change nothing about the answer, and are passed over.
  static var ignored: Set<String> { get }
  /// Fields that would change the answer and do not here, each with the reason.
  static var unsupported: [String: String] { get }
  /// Takes over what depends on the order of keys, which `Decodable` does not keep.
  mutating func takeOrdered(_ body: JSONValue)
}

extension RequestFields {
  /// Reads a body.
  ///
  /// - Throws: ``ServingError`` of status 400 that names the field.
  init(body: Data) throws(ServingError) {
    do {
      self = try JSONDecoder().decode(Checked<Self>.self, from: body).fields
    } catch let error as ServingError {
      throw error
    } catch let error as DecodingError {
      throw Self.explain(error, body)
    } catch {
      throw .badRequest("the body cannot be read: \(error)")
    }
    if let ordered = try? JSONValue(parsing: Array(body)) { takeOrdered(ordered) }
  }

  private static func explain(_ error: DecodingError, _ body: Data) -> ServingError {
    let whole: JSONValue
    do {
      whole = try JSONValue(parsing: Array(body))
    } catch {
      return .badRequest("the body is not JSON: \(error)")
    }
    guard whole.object != nil else {
      return .badRequest("the body must be a JSON object, found \(whole.kind)")
    }
    switch error {
    case .keyNotFound(let key, let context):
      let path = (context.codingPath + [key]).path
      return .badRequest("'\(path)' is missing", param: path)
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      let path = context.codingPath.path
      let found = whole.value(at: context.codingPath)?.kind ?? "nothing"
      return .badRequest("'\(path)': expected \(words(type)), found \(found)", param: path)
    case .dataCorrupted(let context):
      let path = context.codingPath.path
      // Foundation does not say where a number is that is not whole, nor that it is one.
      if path.isEmpty, let (name, value) = fraction(in: whole) {
        return .badRequest("'\(name)': expected a whole number, found \(value.kind)", param: name)
      }
      return .badRequest(
        "\(path.isEmpty ? "" : "'\(path)': ")\(context.debugDescription)",
        param: path.isEmpty ? nil : path)
    @unknown default: return .badRequest("the body cannot be read: \(error)")
    }
  }

  private static func fraction(in body: JSONValue) -> (String, JSONValue)? {
    for name in GenerationFields.wholeNumbers {
      if let value = body[name], value.integer == nil, value.double != nil { return (name, value) }
    }
    return nil
  }

  private static func words(_ type: Any.Type) -> String {
    switch type {
    case is String.Type: "a string"
    case is Int.Type: "a whole number"
    case is Double.Type: "a number"
    case is Bool.Type: "true or false"
    case is [Any].Type: "a list"
    default: "another kind of value"
    }
  }
}

/// Fields whose names have been looked at before they are read.
private struct Checked<Fields: RequestFields>: Decodable {
  let fields: Fields

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: FieldName.self)
    for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
      let name = key.stringValue
      if Fields.known.contains(name) || Fields.ignored.contains(name) { continue }
      if try container.decodeNil(forKey: key) { continue }
      if let reason = Fields.unsupported[name] { throw ServingError.unsupported(name, reason) }
      throw ServingError.badRequest(
        "unknown field '\(name)'; known: \(Fields.known.sorted().joined(separator: ", "))",
        param: name, code: "unknown_field")
    }
    fields = try Fields(from: decoder)
  }
}

/// Any key of an object.
struct FieldName: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension [any CodingKey] {
  /// `messages[2].content`
  fileprivate var path: String {
    reduce("") { path, key in
      key.intValue.map { "\(path)[\($0)]" }
        ?? (path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)")
    }
  }
}

extension JSONValue {
  fileprivate func value(at path: [any CodingKey]) -> JSONValue? {
    path.reduce(self) { value, key in
      guard let index = key.intValue else { return value?[key.stringValue] }
      return value?.array.flatMap { $0.indices.contains(index) ? $0[index] : nil }
    }
  }
}

/// A value that may stand alone or in a list.
struct OneOrMany<Element: Decodable & Sendable & Equatable>: Decodable, Sendable, Equatable {
  /// The values in order.
  var values: [Element]

  init(from decoder: any Decoder) throws {
    if (try? decoder.unkeyedContainer()) != nil {
      values = try [Element](from: decoder)
    } else {
      values = [try decoder.singleValueContainer().decode(Element.self)]
    }
  }
}
