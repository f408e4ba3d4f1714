// SPDX-License-Identifier: Apache-2.0
public import Torch

// Attention, block and model of one family stand together: together they are the checkpoint map.

/// Causal self-attention with rotary positions and shared key heads.
struct LlamaAttention {
  let queryKeyValue: SideBySide
  let o: Linear
  /// Norms of single heads (Qwen3).
  let queryNorm, keyNorm: RMSNorm?
  let headWidth: Int
  let style: AttentionStyle
  let layer: Int

  init(_ scope: Scope, _ shape: LlamaConfiguration, layer: Int) {
    let queryWidth = shape.headCount * shape.headWidth
    let keyWidth = shape.keyHeadCount * shape.headWidth
    queryKeyValue = SideBySide(
      scope, [("q_proj", queryWidth), ("k_proj", keyWidth), ("v_proj", keyWidth)],
      stacked: shape.family.isStacked ? "qkv_proj" : nil, from: shape.width,
      bias: shape.hasAttentionBias, deviation: shape.initializerRange)
    o = Linear(
      scope / "o_proj", from: queryWidth, to: shape.width, bias: shape.hasOutputBias,
      deviation: shape.initializerRange)
    func headNorm(_ name: String) -> RMSNorm? {
      guard shape.family.hasHeadNorms else { return nil }
      return RMSNorm(scope / name, width: shape.headWidth, epsilon: shape.normEpsilon)
    }
    queryNorm = headNorm("q_norm")
    keyNorm = headNorm("k_norm")
    headWidth = shape.headWidth
    style = AttentionStyle(
      scale: 1 / Double(headWidth).squareRoot(), window: shape.windows[layer])
    self.layer = layer
  }

  /// What the layer gives for `x`, added to a residual.
  func callAsFunction(  // [B, T, D] -> [B, T, D]
    _ x: Tensor, addedTo residual: Tensor, _ turn: Turn, _ context: AttentionContext
  ) -> Tensor {
    o(mixed(queryKeyValue(x), turn, context), addedTo: residual)
  }

  private func mixed(_ products: [Tensor], _ turn: Turn, _ context: AttentionContext) -> Tensor {
    if queryNorm == nil, keyNorm == nil,
      let mixed = context.attendTokens(products, turn, layer: layer, style)
    {
      return mixed
    }
    let parts = products.map { splitHeads($0, width: headWidth) }  // [B, H, T, K]
    let query = rotary(
      queryNorm?(parts[0]) ?? parts[0], cosine: turn.cosine, sine: turn.sine)
    let key = rotary(keyNorm?(parts[1]) ?? parts[1], cosine: turn.cosine, sine: turn.sine)
    return context.attended(query, key, parts[2], layer: layer, style)
  }
}

/// x += attention(norm x); x += feedForward(norm x).
struct LlamaBlock {
  let inputNorm, postNorm: RMSNorm
  let attention: LlamaAttention
  let feedForward: GatedFeedForward

  init(_ scope: Scope, _ shape: LlamaConfiguration, layer: Int) {
    inputNorm = RMSNorm(
      scope / "input_layernorm", width: shape.width, epsilon: shape.normEpsilon)
    attention = LlamaAttention(scope / "self_attn", shape, layer: layer)
    postNorm = RMSNorm(
      scope / "post_attention_layernorm", width: shape.width, epsilon: shape.normEpsilon)
    feedForward = GatedFeedForward(
      scope / "mlp", width: shape.width, hiddenWidth: shape.hiddenWidth,
      activation: shape.activation, bias: shape.hasFeedForwardBias,
      isStacked: shape.family.isStacked, deviation: shape.initializerRange)
  }

  func callAsFunction(  // [B, T, D] -> [B, T, D]
    _ x: Tensor, _ turn: Turn, _ context: AttentionContext
  ) -> Tensor {
    let attended = attention(inputNorm(x), addedTo: x, turn, context)
    return feedForward(postNorm(attended), addedTo: attended)
  }
}

/// The Llama family (Llama 2 and 3) and the families of its layout: Mistral, Qwen2, Qwen3, Phi-3.
///
/// What sets those apart are values of ``LlamaFamily``.
///
/// Source: Touvron et al. 2023, arXiv:2307.09288; Grattafiori et al. 2024, arXiv:2407.21783.
public final class Llama: LanguageModel, Decoder {
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
  ///   - configuration: of a family of this layout.
  ///   - scope: where its names begin in a store, which draws parameters or reads them; the caller finishes it.
  /// - Throws: ``ModelFolderError`` where the configuration contradicts itself.
  public init(_ configuration: ModelConfiguration, _ scope: Scope) throws {
    let shape = try configuration.llama()
    self.configuration = configuration
    self.shape = shape
    let trunk = scope / "model"
    embedding = Embedding(
      trunk / "embed_tokens", count: shape.vocabularyCount, width: shape.width,
      deviation: shape.initializerRange)
    blocks = (0..<shape.layerCount).map {
      LlamaBlock(trunk / "layers" / "\($0)", shape, layer: $0)
    }
    norm = RMSNorm(trunk / "norm", width: shape.width, epsilon: shape.normEpsilon)
    head = ownHead(
      scope / "lm_head", configuration, ties: shape.tiesEmbedding, from: shape.width,
      to: shape.vocabularyCount, deviation: shape.initializerRange)
    parameters = scope.parameters
    rotaryEmbedding = RotaryEmbedding(
      theta: shape.ropeTheta, width: shape.rotaryWidth, scaling: shape.ropeScaling,
      device: embedding.weight.device)
  }

  /// The output matrix, `[V, D]`; the embedding where the two are tied or the model has no language head.
  public var outputWeight: Tensor { head?.weight ?? embedding.weight }

  var keptShape: KeptShape {
    KeptShape(
      layerCount: shape.layerCount, keyHeadCount: shape.keyHeadCount, headWidth: shape.headWidth,
      scalings: [shape.ropeScaling])
  }

  func embed(_ ids: Tensor) -> Tensor { embedding(ids) }

  func states(
    of embedded: Tensor, context: AttentionContext, checkpointing: Bool
  ) -> Tensor {
    let turn = rotaryEmbedding.turns(context)
    var x = embedded  // [B, T, D]
    for block in blocks { x = run(x, checkpointing: checkpointing) { block($0, turn, context) } }
    return norm(x)
  }
}
