// SPDX-License-Identifier: Apache-2.0
public import Torch

/// A frozen model with an adapter: the same tensors read through a second set of layers that know the adapter.
///
/// With the adapter off it is ``base``, exactly and at no cost in memory: the reference of DPO and PPO. Any number of
/// adapters may share one base, each a model of its own; nothing is switched, so they can be used in any order, and
/// inside of one another's backward passes.
///
/// Its ``parameters`` are those of the adapter, under PEFT's names: what is trained, and what a checkpoint holds.
public final class AdaptedModel: LanguageModel {
  /// The model without the adapter, frozen; other adapters may share it.
  public let base: any LanguageModel
  /// What is trained.
  public let adapter: Adapter
  private let adapted: any LanguageModel
  private let matrices: [(path: String, matrix: MatrixStorage)]

  /// Puts a fresh adapter on a model, which then computes what the model computes.
  ///
  /// - Parameters:
  ///   - base: shared, not copied; it must stay frozen.
  ///   - configuration: what the adapter shall be.
  ///   - generator: draws the matrices A.
  /// - Throws: ``AdapterError`` where nothing of the model is meant, or something that it does not have.
  public convenience init(
    _ base: any LanguageModel, _ configuration: AdapterConfiguration, generator: Generator
  ) throws {
    try self.init(base, configuration, .fresh(generator))
  }

  /// Puts an adapter on a model.
  ///
  /// - Parameters:
  ///   - base: shared, not copied; it must stay frozen.
  ///   - configuration: what the adapter is.
  ///   - origin: where its numbers come from.
  ///   - ignoring: names in the adapter's file that somebody else reads.
  /// - Throws: ``AdapterError``, `WeightsError`.
  init(
    _ base: any LanguageModel, _ configuration: AdapterConfiguration, _ origin: AdapterOrigin,
    ignoring: Set<String> = []
  ) throws {
    let builder = try AdapterBuilder(configuration, origin, AdapterNames(base.configuration))
    let overlay = try Overlay(base, configuration, builder)
    let store = ParameterStore(sharing: overlay, updates: builder.update)
    adapted = try overlay.configuration.build(store.root)
    try store.finish()
    adapter = try builder.finish(ignoring: ignoring)
    matrices = builder.matrices
    self.base = base
  }

  /// The adapter's tensors, under the names PEFT gives them in a file.
  public var parameters: NamedTensors { adapter.parameters }
  /// What the adapted model is: that of the base, but for an output layer of its own.
  public var configuration: ModelConfiguration { adapted.configuration }
  /// The output matrix in effect, `[V, D]`.
  public var outputWeight: Tensor { adapted.outputWeight }

  /// The base's bound of the logits.
  public var logitCap: Double? { adapted.logitCap }
  /// The base's limit of a text.
  public var lengthLimit: Int? { adapted.lengthLimit }

  /// States after the last norm, `[B, T, D]`.
  public func states(_ ids: Tensor, context: AttentionContext, checkpointing: Bool) -> Tensor {
    adapted.states(ids, context: context, checkpointing: checkpointing)
  }

  /// Empty rows for keys and values, which hold what the adapted layers make.
  public func makeCache(rowCount: Int, capacity: Int) -> KVCache {
    adapted.makeCache(rowCount: rowCount, capacity: capacity)
  }

  /// As of the base.
  public func sharesKeys(_ firstLength: Int, _ secondLength: Int) -> Bool {
    adapted.sharesKeys(firstLength, secondLength)
  }

  /// A frozen model with a copy of the adapter; the base, which nobody trains, is shared unless its type changes.
  public func copy(elementType: ElementType) throws -> any LanguageModel {
    let base = elementType == base.elementType ? base : try base.copy(elementType: elementType)
    let tensors = parameters.map { ($0.name, $0.tensor.detached()) }
    return try AdaptedModel(
      base, adapter.configuration, .stored(TensorDictionary(tensors), path: "the adapter"))
  }

  /// Count of numbers in base and adapter together.
  public var totalParameterCount: Int { base.parameterCount + parameterCount }

  /// A plain model with the updates added to its matrices, frozen, in memory of its own.
  ///
  /// - Parameter elementType: type of its parameters; nil keeps the base's. A quantised base becomes dense.
  /// - Throws: `WeightsError`.
  public func merged(elementType: ElementType? = nil) throws -> any LanguageModel {
    let type = elementType ?? base.elementType
    let tensors = withoutGrad {
      var tensors: [String: Tensor] = [:]
      for (name, tensor) in adapted.parameters where !QuantizedNames.isDescription(name) {
        tensors[name] = tensor.detached()
      }
      for (path, matrix) in matrices {
        let sum = adapter.updates[path]?.matrix(over: matrix) ?? matrix.numbers
        tensors["\(path).weight"] = matrix.laidOut(sum.detached()).to(type)
      }
      return tensors
    }
    let store = ParameterStore(
      reading: TensorDictionary(tensors.map { ($0.key, $0.value) }), elementType: type,
      device: base.device)
    let model = try adapted.configuration.withoutQuantization().build(store.root)
    try store.finish()
    return model
  }
}

/// The base's tensors, with those replaced that the adapter trains as a whole.
private struct Overlay: TensorSource {
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
