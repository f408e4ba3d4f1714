// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The shape of a model of one family, as its `config.json` has it.
public protocol ModelShape: Sendable, Equatable {
  /// The fields of `config.json` that make the shape, `model_type` among them.
  var fields: [String: Any] { get }
}

/// Which keys a layer's queries see, by the names `layer_types` uses.
enum LayerType: String, CaseIterable {
  case full = "full_attention"
  case sliding = "sliding_attention"

  /// `layer_types` of layers with these windows.
  static func names(_ windows: [Int?]) -> [String] {
    windows.map { ($0 == nil ? LayerType.full : .sliding).rawValue }
  }
}

/// Heads and their width, checked to fit together.
struct HeadCounts {
  let queries: Int
  let keys: Int
  let width: Int

  /// Reads `num_attention_heads`, `num_key_value_heads` and `head_dim` (or `hidden_size` in its place).
  init(_ fields: ConfigurationFields) throws {
    queries = try fields.size("num_attention_heads")
    keys =
      try fields.integer("num_key_value_heads") == nil
      ? queries : fields.size("num_key_value_heads")
    guard queries.isMultiple(of: keys) else {
      throw fields.error(
        "num_key_value_heads",
        "\(keys) does not divide the \(queries) attention heads; "
          + "each key head serves equally many of them")
    }
    if try fields.integer("head_dim") != nil {
      width = try fields.size("head_dim")
    } else {
      let all = try fields.size("hidden_size")
      try fields.requireMultiple("hidden_size", all, of: "num_attention_heads", queries)
      width = all / queries
    }
  }
}

extension ConfigurationFields {
  /// The same fields; those the file lacks (not those it sets to null) from `defaults`.
  func filled(with defaults: [String: any Sendable]) -> ConfigurationFields {
    ConfigurationFields(
      path: path, prefix: prefix, values: defaults.mapValues { $0 as Any }.merging(values) { $1 })
  }

  /// A size above 0, small enough that products of two sizes are whole numbers.
  func size(_ field: String) throws -> Int {
    guard let found = try integer(field) else { throw error(field, "is missing") }
    guard (1...1 << 30).contains(found) else {
      throw error(field, "expected a number from 1 to \(1 << 30), found \(found)")
    }
    return found
  }

  /// A count of layers.
  func layerCount(_ field: String) throws -> Int {
    let found = try size(field)
    guard found <= 10_000 else {
      throw error(field, "expected at most 10000 layers, found \(found)")
    }
    return found
  }

  /// Refuses heads that do not divide a width.
  func requireMultiple(_ field: String, _ value: Int, of other: String, _ count: Int) throws {
    guard value.isMultiple(of: count) else {
      throw error(field, "\(value) is not a multiple of \(other), which is \(count); correct one")
    }
  }

  /// An activation by its name.
  func activation(_ field: String) throws -> Activation {
    let name = try string(field) ?? ""
    guard let found = Activation(rawValue: name) else {
      let known = Activation.allCases.map(\.rawValue).joined(separator: ", ")
      throw error(field, "unknown activation '\(name)'; known: \(known)")
    }
    return found
  }

  /// A window above 0; nil where the field is null.
  func window(_ field: String) throws -> Int? {
    guard try integer(field) != nil else { return nil }
    return try size(field)
  }

  /// A bound above 0; nil where the field is null.
  func cap(_ field: String) throws -> Double? {
    guard try number(field) != nil else { return nil }
    return try required(field)
  }

  /// The window of each layer, by `layer_types` or, where that is missing, by a rule.
  func windows(
    layerCount: Int, window: Int?, where isSliding: (Int) -> Bool
  ) throws -> [Int?] {
    let field = "layer_types"
    var sliding = (0..<layerCount).map { window != nil && isSliding($0) }
    if let names = try strings(field) {
      guard names.count == layerCount else {
        throw error(
          field,
          "has \(names.count) entries, but the model has \(layerCount) layers; "
            + "give one a layer, or leave the field out")
      }
      sliding = try names.map { name in
        guard let type = LayerType(rawValue: name) else {
          let known = LayerType.allCases.map(\.rawValue).joined(separator: ", ")
          throw error(field, "unknown layer type '\(name)'; known: \(known)")
        }
        return type == .sliding
      }
      guard window != nil || !sliding.contains(true) else {
        throw error(
          field,
          "names layers with a window, but sliding_window gives none; "
            + "give it (and use_sliding_window true where the family has that)")
      }
    }
    return sliding.map { $0 ? window : nil }
  }
}
