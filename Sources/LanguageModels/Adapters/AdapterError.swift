// SPDX-License-Identifier: Apache-2.0

/// What is wrong with an adapter, or with an adapter on this base.
public enum AdapterError: Error, Equatable, CustomStringConvertible {
  /// The adapter is of a kind, or has a setting, that is not understood.
  case unsupported(path: String, field: String, found: String, reason: String)
  /// No module of the model has a name the adapter aims at: it would change nothing.
  case noTarget(targets: String, modules: [String])
  /// One of the names it aims at, or would save whole, is no module of the model.
  case unknownModule(field: String, name: String, modules: [String])
  /// The file lacks tensors that its configuration announces for this model.
  case missing(path: String, names: [String])
  /// The file holds tensors for modules that this model does not have.
  case unexpected(path: String, names: [String])
  /// A tensor that does not fit the model's module.
  case shapeMismatch(path: String, name: String, stored: [Int], wanted: [Int])
  /// The model that the adapter was made for is not where its configuration says.
  case baseNotFound(path: String, base: String)
  /// The folder that an adapter names as its base cannot be one.
  case badBase(path: String, base: String, reason: String)

  /// The message for a person: what, where, why, and what to do.
  public var description: String {
    switch self {
    case .unsupported(let path, let field, let found, let reason):
      "\(path): \(field) is \(found): \(reason)"
    case .noTarget(let targets, let modules):
      "an adapter for \(targets) would change nothing: no linear layer of the model has such a name; "
        + "there are \(Self.list(modules))"
    case .unknownModule(let field, let name, let modules):
      "\(field): the model has no module '\(name)'; there are \(Self.list(modules))"
    case .missing(let path, let names):
      "\(path): lacks \(Self.list(names)), which its configuration announces for this model; "
        + "was it made for another base?"
    case .unexpected(let path, let names):
      "\(path): holds \(Self.list(names)), for which the model has no place; was it made for another base?"
    case .shapeMismatch(let path, let name, let stored, let wanted):
      "\(path): \(name) has shape \(stored), the model needs \(wanted); was it made for another base?"
    case .baseNotFound(let path, let base):
      "\(path): its base model '\(base)' is no folder here; correct base_model_name_or_path in "
        + "adapter_config.json, or put the model there"
    case .badBase(let path, let base, let reason): "\(path): base model '\(base)': \(reason)"
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(12).joined(separator: ", ")
    return names.count > 12 ? "\(shown) and \(names.count - 12) more" : shown
  }
}
