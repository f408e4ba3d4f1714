// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Writes `config.json` so that a number keeps its kind.
///
/// Foundation writes 30.0 as 30, and transformers refuses a whole number where a field is a fraction.
enum ConfigurationJSON {
  /// The object as JSON, members sorted by name.
  ///
  /// - Throws: what Foundation throws for a value that JSON cannot hold.
  static func data(_ object: [String: Any]) throws -> Data {
    Data((try text(object, indent: "") + "\n").utf8)
  }

  private static func text(_ value: Any, indent: String) throws -> String {
    let inner = indent + "  "
    if let object = value as? [String: Any] {
      guard !object.isEmpty else { return "{}" }
      let members = try object.keys.sorted().map { key in
        "\(inner)\(try leaf(key)): \(try text(object[key] ?? NSNull(), indent: inner))"
      }
      return "{\n\(members.joined(separator: ",\n"))\n\(indent)}"
    }
    if let list = value as? [Any] {
      guard !list.isEmpty else { return "[]" }
      let elements = try list.map { inner + (try text($0, indent: inner)) }
      return "[\n\(elements.joined(separator: ",\n"))\n\(indent)]"
    }
    return try leaf(value)
  }

  private static func leaf(_ value: Any) throws -> String {
    if let number = value as? NSNumber, ["d", "f"].contains(String(cString: number.objCType)),
      number.doubleValue.isFinite
    {
      return "\(number.doubleValue)"
    }
    let data = try JSONSerialization.data(
      withJSONObject: value, options: [.fragmentsAllowed, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self)
  }
}
