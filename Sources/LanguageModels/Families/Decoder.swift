// SPDX-License-Identifier: Apache-2.0
import Torch

/// What a family of decoders provides; reading texts, with a cache and without, is the same for all of them.
protocol Decoder: LanguageModel {
  /// Builds the model, its numbers from a store.
  ///
  /// - Parameters:
  ///   - configuration: of the family.
  ///   - scope: where in the checkpoint the model is.
  /// - Throws: ``ModelFolderError`` where the configuration contradicts itself.
  init(_ configuration: ModelConfiguration, _ scope: Scope) throws

  /// What the layers keep of each token.
  var keptShape: KeptShape { get }

  /// What the first block reads, `[B, T]` to `[B, T, D]`, before positions.
  func embed(_ ids: Tensor) -> Tensor

  /// States after the last norm, `[B, T, D]`, of what ``embed(_:)`` gives or other vectors in its place.
  func states(of embedded: Tensor, context: AttentionContext, checkpointing: Bool) -> Tensor
}

/// Layers, heads and widths of keys and values.
struct KeptShape {
  var layerCount: Int
  var keyHeadCount: Int
  var headWidth: Int
  /// Scalings of the positions that keys are turned by.
  var scalings: [RotaryScaling] = []
}

extension Decoder {
  /// States after the last norm, `[B, T, D]`.
  public func states(_ ids: Tensor, context: AttentionContext, checkpointing: Bool) -> Tensor {
    states(of: embed(ids), context: context, checkpointing: checkpointing)
  }

  /// Empty rows for keys and values, in the type of the parameters.
  public func makeCache(rowCount: Int, capacity: Int) -> KVCache {
    KVCache(
      layerCount: keptShape.layerCount, rowCount: rowCount, keyHeadCount: keptShape.keyHeadCount,
      headWidth: keptShape.headWidth, capacity: capacity, elementType: elementType, device: device)
  }

  /// False where a scaling of positions tells the two lengths apart.
  public func sharesKeys(_ firstLength: Int, _ secondLength: Int) -> Bool {
    keptShape.scalings.allSatisfy { $0.lengths(like: firstLength).contains(secondLength) }
  }

  /// A frozen model with the same numbers, converted to `elementType`, in memory of its own.
  public func copy(elementType: ElementType) throws -> any LanguageModel {
    let store = ParameterStore(
      reading: TensorDictionary(parameters.map { ($0.name, $0.tensor.detached()) }),
      elementType: elementType, device: device)
    let copy = try Self(configuration, store.root)
    try store.finish()
    return copy
  }
}

extension Decoder {
  /// The same model with its matrices packed, or itself where they are or need not be.
  public func packed() throws -> any LanguageModel {
    let isPacked = parameters.contains { $0.tensor.isPacked }
    guard !isPacked, parameters.quantization == nil, PackedMatrix.fits(elementType, on: device)
    else { return self }
    let store = ParameterStore(packing: TensorDictionary(parameters))
    let twin = try Self(configuration, store.root)
    try store.finish()
    return twin
  }
}

/// Runs a block, again in the backward pass where its activations shall not be kept.
func run(_ x: Tensor, checkpointing: Bool, _ block: @escaping (Tensor) -> Tensor) -> Tensor {
  checkpointing ? checkpointed([x]) { block($0[0]) } : block(x)
}

/// The output matrix where it is not the embedding: an untied one of a model that has a language head.
func ownHead(
  _ scope: Scope, _ configuration: ModelConfiguration, ties: Bool, from width: Int, to count: Int,
  deviation: Double
) -> Linear? {
  guard !ties, configuration.hasLanguageHead else { return nil }
  return Linear(scope, from: width, to: count, bias: false, deviation: deviation)
}
