// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The fields of one JSON object in a configuration file, read with their types checked.
struct ConfigurationFields {
  let path: String
  let prefix: String
  let values: [String: Any]

  init(path: String, prefix: String = "", values: [String: Any]) {
    self.path = path
    self.prefix = prefix
    self.values = values
  }

  /// Reads a JSON file whose top is an object.
  init(file: URL) throws {
    let data: Data
    do {
      data = try Data(contentsOf: file)
    } catch {
      throw ModelFolderError.notAModel(
        path: file.deletingLastPathComponent().path, reason: "it has no \(file.lastPathComponent)")
    }
    guard let object = try? JSONSerialization.jsonObject(with: data),
      let values = object as? [String: Any]
    else {
      throw ModelFolderError.badConfiguration(
        path: file.path, field: "the file", reason: "is no JSON object")
    }
    self.init(path: file.path, values: values)
  }

  func error(_ field: String, _ reason: String) -> ModelFolderError {
    .badConfiguration(path: path, field: prefix + field, reason: reason)
  }

  private func value<T>(_ field: String, _ wanted: String, as type: T.Type) throws -> T? {
    guard let raw = values[field], !(raw is NSNull) else { return nil }
    guard let value = raw as? T else { throw error(field, "expected \(wanted), found \(raw)") }
    return value
  }

  func string(_ field: String) throws -> String? { try value(field, "a text", as: String.self) }
  func flag(_ field: String) throws -> Bool? { try value(field, "true or false", as: Bool.self) }
  func number(_ field: String) throws -> Double? { try value(field, "a number", as: Double.self) }
  func integer(_ field: String) throws -> Int? { try value(field, "a whole number", as: Int.self) }

  func numbers(_ field: String) throws -> [Double] {
    guard let list = try value(field, "a list of numbers", as: [Double].self) else {
      throw error(field, "is missing")
    }
    return list
  }

  func strings(_ field: String) throws -> [String]? {
    try value(field, "a list of texts", as: [String].self)
  }

  /// A whole number or a list of them.
  func integers(_ field: String) throws -> [Int]? {
    if let single = values[field] as? Int { return [single] }
    return try value(field, "a whole number or a list of them", as: [Int].self)
  }

  func positive(_ field: String, default standard: Int) throws -> Int {
    let found = try integer(field) ?? standard
    guard found > 0 else { throw error(field, "expected a number above 0, found \(found)") }
    return found
  }

  /// A number above 0.
  func required(_ field: String) throws -> Double {
    guard let found = try number(field) else { throw error(field, "is missing") }
    guard found > 0 else { throw error(field, "expected a number above 0, found \(found)") }
    return found
  }

  func object(_ field: String) throws -> ConfigurationFields? {
    guard let inner = try value(field, "an object", as: [String: Any].self) else { return nil }
    return ConfigurationFields(path: path, prefix: "\(prefix)\(field).", values: inner)
  }
}
