// SPDX-License-Identifier: Apache-2.0
public import Torch

// Attention, feed-forward part, block and model of one family stand together: together they are the checkpoint map.

/// Causal self-attention with rotary positions and shared key heads.
struct LlamaAttention {
  let q, k, v, o: Linear
  let headWidth: Int

  init(_ scope: Scope, _ shape: LlamaConfiguration) {
    func projection(_ name: String, _ from: Int, _ to: Int) -> Linear {
      Linear(
        scope / name, from: from, to: to, bias: shape.hasAttentionBias,
        deviation: shape.initializerRange)
    }
    headWidth = shape.headWidth
    q = projection("q_proj", shape.width, shape.headCount * headWidth)
    k = projection("k_proj", shape.width, shape.keyHeadCount * headWidth)
    v = projection("v_proj", shape.width, shape.keyHeadCount * headWidth)
    o = projection("o_proj", shape.headCount * headWidth, shape.width)
  }

  func callAsFunction(  // [B, T, D] -> [B, T, D]
    _ x: Tensor, _ turn: (cosine: Tensor, sine: Tensor), _ context: AttentionContext, layer: Int
  ) -> Tensor {
    let query = rotary(heads(q(x)), cosine: turn.cosine, sine: turn.sine)
    let key = rotary(heads(k(x)), cosine: turn.cosine, sine: turn.sine)
    let seen = context.attend(key, heads(v(x)), layer: layer)
    let mixed = attention(
      query, seen.keys, seen.values, mask: seen.mask, causal: seen.isCausal,
      scale: 1 / Double(headWidth).squareRoot())
    return o(mixed.transposed(1, 2).reshaped([x.size(0), x.size(1), -1]))
  }

  private func heads(_ x: Tensor) -> Tensor {  // [B, T, H K] -> [B, H, T, K]
    x.reshaped([x.size(0), x.size(1), -1, headWidth]).transposed(1, 2)
  }
}

/// down(silu(gate x) ⊙ up x).
struct SwiGLU {
  let gate, up, down: Linear

  init(_ scope: Scope, _ shape: LlamaConfiguration) {
    func projection(_ name: String, _ from: Int, _ to: Int) -> Linear {
      Linear(
        scope / name, from: from, to: to, bias: shape.hasFeedForwardBias,
        deviation: shape.initializerRange)
    }
    gate = projection("gate_proj", shape.width, shape.hiddenWidth)
    up = projection("up_proj", shape.width, shape.hiddenWidth)
    down = projection("down_proj", shape.hiddenWidth, shape.width)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { down(silu(gate(x)) * up(x)) }  // [B, T, D]
}

/// x += attention(norm x); x += feedForward(norm x).
struct LlamaBlock {
  let inputNorm, postNorm: RMSNorm
  let attention: LlamaAttention
  let feedForward: SwiGLU

  init(_ scope: Scope, _ shape: LlamaConfiguration) {
    inputNorm = RMSNorm(
      scope / "input_layernorm", width: shape.width, epsilon: shape.normEpsilon)
    attention = LlamaAttention(scope / "self_attn", shape)
    postNorm = RMSNorm(
      scope / "post_attention_layernorm", width: shape.width, epsilon: shape.normEpsilon)
    feedForward = SwiGLU(scope / "mlp", shape)
  }

  func callAsFunction(  // [B, T, D] -> [B, T, D]
    _ x: Tensor, _ turn: (cosine: Tensor, sine: Tensor), _ context: AttentionContext, layer: Int
  ) -> Tensor {
    let attended = x + attention(inputNorm(x), turn, context, layer: layer)
    return attended + feedForward(postNorm(attended))
  }
}

/// The Llama family (Llama 2 and 3 and everything of the same layout).
///
/// Source: Touvron et al. 2023, arXiv:2307.09288; Grattafiori et al. 2024, arXiv:2407.21783.
public final class Llama: LanguageModel {
  /// Parameters under their checkpoint names, in the order of the layers.
  public let parameters: NamedTensors
  /// What `config.json` says.
  public let configuration: ModelConfiguration
  /// The shape, as the family knows it.
  public let shape: LlamaConfiguration

  private let embedding: Embedding
  private let blocks: [LlamaBlock]
  private let norm: RMSNorm
  private let head: Linear?
  private let rotaryEmbedding: RotaryEmbedding

  /// Builds the model, its numbers from a store.
  ///
  /// - Parameters:
  ///   - configuration: of the family "llama".
  ///   - store: draws parameters or reads them; the caller finishes it.
  /// - Throws: ``ModelFolderError`` where the configuration contradicts itself.
  public init(_ configuration: ModelConfiguration, _ store: ParameterStore) throws {
    let shape = try configuration.llama()
    self.configuration = configuration
    self.shape = shape
    let root = store.root
    let trunk = root / "model"
    embedding = Embedding(
      trunk / "embed_tokens", count: shape.vocabularyCount, width: shape.width,
      deviation: shape.initializerRange)
    blocks = (0..<shape.layerCount).map { LlamaBlock(trunk / "layers" / "\($0)", shape) }
    norm = RMSNorm(trunk / "norm", width: shape.width, epsilon: shape.normEpsilon)
    let hasOwnHead = !shape.tiesEmbedding && configuration.hasLanguageHead
    head =
      hasOwnHead
      ? Linear(
        root / "lm_head", from: shape.width, to: shape.vocabularyCount, bias: false,
        deviation: shape.initializerRange) : nil
    parameters = store.parameters
    rotaryEmbedding = RotaryEmbedding(
      theta: shape.ropeTheta, width: shape.headWidth, scaling: shape.ropeScaling,
      device: embedding.weight.device)
  }

  /// The output matrix, `[V, D]`; the embedding where the two are tied or the model has no language head.
  public var outputWeight: Tensor { head?.weight ?? embedding.weight }

  /// States after the last norm, `[B, T, D]`.
  public func states(_ ids: Tensor, context: AttentionContext, checkpointing: Bool) -> Tensor {
    let turn = rotaryEmbedding.turns(context)
    var x = embedding(ids)  // [B, T, D]
    for (layer, block) in blocks.enumerated() {
      x =
        checkpointing
        ? checkpointed([x]) { block($0[0], turn, context, layer: layer) }
        : block(x, turn, context, layer: layer)
    }
    return norm(x)
  }

  /// Empty rows for keys and values, in the type of the parameters.
  public func makeCache(rowCount: Int, capacity: Int) -> KVCache {
    KVCache(
      layerCount: shape.layerCount, rowCount: rowCount, keyHeadCount: shape.keyHeadCount,
      headWidth: shape.headWidth, capacity: capacity, elementType: elementType, device: device)
  }

  /// False where a scaling of positions tells the two lengths apart.
  public func sharesKeys(_ firstLength: Int, _ secondLength: Int) -> Bool {
    shape.ropeScaling.lengths(like: firstLength).contains(secondLength)
  }

  /// A frozen model with the same numbers, converted to `elementType`, in memory of its own.
  public func copy(elementType: ElementType) throws -> any LanguageModel {
    let store = ParameterStore(
      reading: TensorDictionary(parameters.map { ($0.name, $0.tensor.detached()) }),
      elementType: elementType, device: device)
    let copy = try Llama(configuration, store)
    try store.finish()
    return copy
  }
}
