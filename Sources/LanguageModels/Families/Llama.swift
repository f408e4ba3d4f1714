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

  /// Queries, keys (both turned) and values, `[B, H, T, K]` each.
  func project(_ x: Tensor, _ turn: (cosine: Tensor, sine: Tensor)) -> (Tensor, Tensor, Tensor) {
    let query = rotary(heads(q(x)), cosine: turn.cosine, sine: turn.sine)
    let key = rotary(heads(k(x)), cosine: turn.cosine, sine: turn.sine)
    return (query, key, heads(v(x)))
  }

  private func heads(_ x: Tensor) -> Tensor {  // [B, T, H K] -> [B, H, T, K]
    x.reshaped([x.size(0), x.size(1), -1, headWidth]).transposed(1, 2)
  }

  /// Attention over keys and the output projection: `[B, H, T, K]` to `[B, T, D]`.
  func attend(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor? = nil, causal: Bool
  ) -> Tensor {
    let scale = 1 / Double(headWidth).squareRoot()
    let mixed = attention(query, key, value, mask: mask, causal: causal, scale: scale)
    return o(mixed.transposed(1, 2).reshaped([query.size(0), query.size(2), -1]))
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

  /// A whole text at once, `[B, T, D]`; `fill` may keep keys and values.
  func callAsFunction(
    _ x: Tensor, _ turn: (cosine: Tensor, sine: Tensor), fill: ((Tensor, Tensor) -> Void)? = nil
  ) -> Tensor {
    let (query, key, value) = attention.project(inputNorm(x), turn)
    fill?(key, value)
    let attended = x + attention.attend(query, key, value, causal: true)
    return attended + feedForward(postNorm(attended))
  }

  /// One new token a row, `[B, 1, D]`.
  func step(
    _ x: Tensor, _ turn: (cosine: Tensor, sine: Tensor), cache: KVCache, layer: Int,
    step: KVCache.Step
  ) -> Tensor {
    let (query, newKey, newValue) = attention.project(inputNorm(x), turn)
    let (key, value) = cache.append(newKey, newValue, layer: layer, step: step)
    let attended = x + attention.attend(query, key, value, mask: step.mask, causal: false)
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

  /// States after the last norm, `[B, T, D]`, of texts padded on the right.
  public func states(_ ids: Tensor, checkpointing: Bool) -> Tensor {
    let turn = rotaryEmbedding.table(count: ids.size(1))
    var x = embedding(ids)  // [B, T, D]
    for block in blocks {
      x = checkpointing ? checkpointed([x]) { block($0[0], turn) } : block(x, turn)
    }
    return norm(x)
  }

  /// States of new tokens, `[B, T, D]`; the cache grows by them.
  public func states(_ ids: Tensor, cache: KVCache) -> Tensor {
    if cache.isEmpty { return fill(ids, cache) }
    precondition(ids.size(1) == 1, "cached decoding takes one new token a row, got \(ids.shape)")
    let step = cache.beginStep()
    let turn = rotaryEmbedding.rows(at: step.positions, count: step.width)
    var x = embedding(ids)  // [B, 1, D]
    for (layer, block) in blocks.enumerated() {
      x = block.step(x, turn, cache: cache, layer: layer, step: step)
    }
    cache.endStep()
    return norm(x)
  }

  private func fill(_ ids: Tensor, _ cache: KVCache) -> Tensor {
    let turn = rotaryEmbedding.table(count: ids.size(1))
    var x = embedding(ids)
    for (layer, block) in blocks.enumerated() {
      x = block(x, turn) { cache.fill($0, $1, layer: layer) }
    }
    cache.setLengths([Int](repeating: ids.size(1), count: ids.size(0)))
    return norm(x)
  }

  /// Room for keys and values of `rowCount` rows of up to `capacity` tokens, in the type of the parameters.
  public func makeCache(rowCount: Int, capacity: Int) -> KVCache {
    KVCache(
      layerCount: shape.layerCount, rowCount: rowCount, keyHeadCount: shape.keyHeadCount,
      headWidth: shape.headWidth, capacity: capacity, elementType: elementType, device: device)
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
