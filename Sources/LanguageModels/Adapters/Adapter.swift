// SPDX-License-Identifier: Apache-2.0
public import Torch

/// The trained part of an adapted model: small matrices for linear layers, and modules and biases kept whole.
public final class Adapter {
  /// What it is.
  public let configuration: AdapterConfiguration
  /// Everything that is trained, under the names PEFT gives it in a file.
  public let parameters: NamedTensors
  /// The updates, by the path of their layer.
  let updates: [String: LowRankUpdate]

  init(
    configuration: AdapterConfiguration, parameters: NamedTensors,
    updates: [String: LowRankUpdate]
  ) {
    self.configuration = configuration
    self.parameters = parameters
    self.updates = updates
  }

  /// Count of linear layers with an update.
  public var moduleCount: Int { updates.count }

  /// The method in two words: `LoRA r=16`.
  public var summary: String {
    let name =
      (configuration.usesRankStabilization ? "rs" : "")
      + (configuration.usesDoRA ? "DoRA" : "LoRA")
    return "\(name), rank \(configuration.rank), alpha \(configuration.alpha), "
      + "\(moduleCount) layers"
  }
}

/// Names in adapter files: those of transformers' modules, which for some families are not those of checkpoints.
struct AdapterNames {
  /// What PEFT puts before the path of a module.
  static let prefix = "base_model.model."
  static let fileName = "adapter_model.safetensors"
  /// The head of a reward model.
  static let score = "\(prefix)score.weight"

  /// The output matrix, where it is not the embedding, under its checkpoint name.
  let head: String
  private let rename: @Sendable (String) -> String

  init(_ configuration: ModelConfiguration) {
    let family = ModelFamily.all[configuration.family]
    head = family?.head ?? "lm_head.weight"
    if let family { rename = family.moduleName } else { rename = { $0 } }
  }

  /// The path of a module in transformers, of its path in checkpoints.
  func module(_ path: String) -> String { "\(path).weight" == head ? "lm_head" : rename(path) }

  func down(_ path: String) -> String { "\(Self.prefix)\(module(path)).lora_A.weight" }
  func up(_ path: String) -> String { "\(Self.prefix)\(module(path)).lora_B.weight" }
  func magnitude(_ path: String) -> String {
    "\(Self.prefix)\(module(path)).lora_magnitude_vector"
  }

  /// A parameter kept whole; `isAdapted` where its module has an update, inside of which the base's layer lies.
  func whole(_ name: String, isAdapted: Bool) -> String {
    guard let dot = name.lastIndex(of: ".") else { return Self.prefix + name }
    let inner = isAdapted ? ".base_layer" : ""
    return "\(Self.prefix)\(module(String(name[..<dot])))\(inner)\(name[dot...])"
  }
}
