// SPDX-License-Identifier: Apache-2.0
import Torch

/// The base's tensors, with those replaced that the adapter trains as a whole.
struct AdapterOverlay: TensorSource {
  private let base: TensorDictionary
  private var replaced: [String: Tensor] = [:]
  /// The base's, with an output layer of its own where the adapter parts it from the embedding.
  private(set) var configuration: ModelConfiguration

  init(
    _ model: any LanguageModel, _ adapter: AdapterConfiguration, _ builder: AdapterBuilder
  ) throws {
    base = TensorDictionary(model.parameters)
    configuration = model.configuration
    try untie(model, adapter, builder)
    for name in try savedNames(model, adapter, builder) {
      guard let tensor = base.tensor(name) ?? replaced[name] else { continue }
      replaced[name] = try builder.whole(name, tensor, isAdapted: false)
    }
    for (name, tensor) in model.parameters + replaced.map({ ($0.key, $0.value) })
    where lastName(of: name) == "weight" && !builder.isUsed(name)
      && !QuantizedNames.isPart(name, tensor)
    {
      let isAdapted = try builder.adapts(Self.path(of: name))
      replaced[name] = try builder.extra(name, tensor, isAdapted: isAdapted) ?? replaced[name]
    }
    guard adapter.bias != .none else { return }
    for (name, tensor) in model.parameters where name.hasSuffix(".bias") && replaced[name] == nil {
      let isAdapted = try builder.adapts(String(name.dropLast(".bias".count)))
      guard adapter.bias == .all || isAdapted else { continue }
      replaced[name] = try builder.whole(name, tensor, isAdapted: isAdapted)
    }
  }

  /// The head of a tied model is trained, or its embedding is: the two are one no longer.
  private mutating func untie(
    _ model: any LanguageModel, _ adapter: AdapterConfiguration, _ builder: AdapterBuilder
  ) throws {
    let head = builder.names.head
    guard model.configuration.hasLanguageHead, base.shape(of: head) == nil else { return }
    let savesEnd = adapter.modulesToSave.contains { "lm_head" == lastName(of: $0) }
    let savesStart = adapter.modulesToSave.contains { name in
      model.parameters.contains {
        $0.tensor.isSame(as: model.outputWeight)
          && Self.isInside(builder.names.module(Self.path(of: $0.name)), module: name)
      }
    }
    let adaptsEnd = try builder.adapts(Self.path(of: head))
    guard savesEnd || savesStart || adaptsEnd else { return }
    replaced[head] = model.outputWeight
    configuration = try configuration.untied()
  }

  /// Names of parameters in modules that the adapter keeps whole.
  private func savedNames(
    _ model: any LanguageModel, _ adapter: AdapterConfiguration, _ builder: AdapterBuilder
  ) throws -> [String] {
    let names = model.parameters.map(\.name) + replaced.keys.sorted()
    var saved: [String] = []
    for module in adapter.modulesToSave {
      let inside = names.filter {
        Self.isInside(builder.names.module(Self.path(of: $0)), module: module)
      }
      // PEFT names both heads it knows, whichever the model has.
      if inside.isEmpty, adapter.task == .scalarHead, ["score", "classifier"].contains(module) {
        continue
      }
      guard !inside.isEmpty else {
        throw AdapterError.unknownModule(
          field: "modules_to_save", name: module,
          modules: AdapterBuilder.kinds(names.map(Self.path(of:))))
      }
      if inside.contains(where: QuantizedNames.isDescription) {
        throw AdapterError.unsupported(
          path: "adapter", field: "modules_to_save", found: module,
          reason: "its weights are quantised, and cannot be trained")
      }
      saved += inside.filter { !saved.contains($0) }
    }
    return saved
  }

  private static func path(of name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }

  /// Whether a path is a module of that name, or something inside of one.
  private static func isInside(_ path: String, module: String) -> Bool {
    ".\(path).".contains(".\(module).")
  }

  var names: [String] { Array(Set(base.names).union(replaced.keys)) }
  func shape(of name: String) -> [Int]? { replaced[name]?.shape ?? base.shape(of: name) }
  func tensor(_ name: String) throws -> Tensor? { replaced[name] ?? base.tensor(name) }
}
