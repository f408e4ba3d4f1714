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
    let overlay = try AdapterOverlay(base, configuration, builder)
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

  /// The adapter, as its numbers are now, on the packed base; itself where DoRA needs the norms of wider numbers than
  /// packed ones.
  public func packed() throws -> any LanguageModel {
    guard !adapter.configuration.usesDoRA || base.elementType == .bfloat16 else { return self }
    let packed = try base.packed()
    if packed === base { return self }
    let tensors = parameters.map { ($0.name, $0.tensor.detached()) }
    return try AdaptedModel(
      packed, adapter.configuration, .stored(TensorDictionary(tensors), path: "the adapter"))
  }

  /// Count of numbers in base and adapter together.
  public var totalParameterCount: Int { base.parameterCount + parameterCount }

  /// A plain model with the updates added to its matrices, frozen, in memory of its own.
  ///
  /// - Parameter elementType: type of its parameters; nil keeps the base's. A quantised base becomes dense.
  /// - Returns: the model.
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
