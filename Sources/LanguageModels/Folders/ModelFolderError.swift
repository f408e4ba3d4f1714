// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a model folder.
public enum ModelFolderError: Error, Equatable, CustomStringConvertible {
  /// There is no such folder, or no `config.json` in it.
  case notAModel(path: String, reason: String)
  /// A field of a configuration file cannot be used.
  case badConfiguration(path: String, field: String, reason: String)
  /// `model_type` names a family this version does not know.
  case unknownArchitecture(path: String, found: String, known: [String])
  /// Weights in a format that is not read.
  case unsupportedWeights(path: String, reason: String)
  /// The folder is for another purpose: a reward model where a language model is wanted, say.
  case wrongKind(path: String, found: String, wanted: String)
  /// The folder could not be written; nothing half-written was left.
  case unwritable(path: String, reason: String)

  /// The message for a person: what, where, and what to do.
  public var description: String {
    switch self {
    case .notAModel(let path, let reason): "\(path): not a model folder: \(reason)"
    case .badConfiguration(let path, let field, let reason): "\(path): \(field): \(reason)"
    case .unknownArchitecture(let path, let found, let known):
      "\(path): model_type '\(found)' is not supported; known: \(known.joined(separator: ", "))"
    case .unsupportedWeights(let path, let reason): "\(path): \(reason)"
    case .wrongKind(let path, let found, let wanted): "\(path): holds \(found), wanted \(wanted)"
    case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
    }
  }
}
