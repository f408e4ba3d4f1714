// SPDX-License-Identifier: Apache-2.0
public import Torch

// Attention, block and model of one family stand together: together they are the checkpoint map.

/// Causal self-attention with bounded scores (Gemma 2) or norms of single heads (Gemma 3).
struct GemmaAttention {
  let q, k, v, o: Linear
  let queryNorm, keyNorm: RMSNorm?
  let headWidth: Int
  let style: AttentionStyle
  let layer: Int

  init(_ scope: Scope, _ shape: GemmaConfiguration, layer: Int) {
    func projection(_ name: String, _ from: Int, _ to: Int) -> Linear {
      Linear(
        scope / name, from: from, to: to, bias: shape.hasAttentionBias,
        deviation: shape.initializerRange)
    }
    func headNorm(_ name: String) -> RMSNorm? {
      guard shape.family.hasHeadNorms else { return nil }
      return RMSNorm(
        scope / name, width: shape.headWidth, epsilon: shape.normEpsilon, isAroundOne: true)
    }
    headWidth = shape.headWidth
    q = projection("q_proj", shape.width, shape.headCount * headWidth)
    k = projection("k_proj", shape.width, shape.keyHeadCount * headWidth)
    v = projection("v_proj", shape.width, shape.keyHeadCount * headWidth)
    o = projection("o_proj", shape.headCount * headWidth, shape.width)
    queryNorm = headNorm("q_norm")
    keyNorm = headNorm("k_norm")
    style = AttentionStyle(
      scale: 1 / shape.queryScalar.squareRoot(), window: shape.windows[layer],
      cap: shape.attentionCap)
    self.layer = layer
  }

  func callAsFunction(  // [B, T, D] -> [B, T, D]
    _ x: Tensor, _ turn: Turn, _ context: AttentionContext
  ) -> Tensor {
    let queries = splitHeads(q(x), width: headWidth)  // [B, H, T, K]
    let keys = splitHeads(k(x), width: headWidth)
    let query = rotary(queryNorm?(queries) ?? queries, cosine: turn.cosine, sine: turn.sine)
    let key = rotary(keyNorm?(keys) ?? keys, cosine: turn.cosine, sine: turn.sine)
    let value = splitHeads(v(x), width: headWidth)
    return o(context.attended(query, key, value, layer: layer, style))
  }
}

/// x += norm(attention(norm x)); x += norm(feedForward(norm x)).
struct GemmaBlock {
  let inputNorm, attentionNorm, preNorm, postNorm: RMSNorm
  let attention: GemmaAttention
  let feedForward: GatedFeedForward
  let isSliding: Bool

  init(_ scope: Scope, _ shape: GemmaConfiguration, layer: Int) {
    func norm(_ name: String) -> RMSNorm {
      RMSNorm(scope / name, width: shape.width, epsilon: shape.normEpsilon, isAroundOne: true)
    }
    inputNorm = norm("input_layernorm")
    attention = GemmaAttention(scope / "self_attn", shape, layer: layer)
    attentionNorm = norm("post_attention_layernorm")
    preNorm = norm("pre_feedforward_layernorm")
    feedForward = GatedFeedForward(
      scope / "mlp", width: shape.width, hiddenWidth: shape.hiddenWidth,
      activation: shape.activation, deviation: shape.initializerRange)
    postNorm = norm("post_feedforward_layernorm")
    isSliding = shape.windows[layer] != nil
  }

  func callAsFunction(  // [B, T, D] -> [B, T, D]
    _ x: Tensor, _ turn: Turn, _ context: AttentionContext
  ) -> Tensor {
    let attended = x + attentionNorm(attention(inputNorm(x), turn, context))
    return attended + postNorm(feedForward(preNorm(attended)))
  }
}

/// Gemma 2 and the text model of Gemma 3: norms around each part, layers with a window among full ones.
///
/// Source: Gemma Team 2024, arXiv:2408.00118, section 2; Gemma Team 2025, arXiv:2503.19786, section 2.
public final class Gemma: LanguageModel, Decoder {
  /// Parameters under their checkpoint names, in the order of the layers.
  public let parameters: NamedTensors
  /// What `config.json` says.
  public let configuration: ModelConfiguration
  /// The shape, as the family knows it.
  public let shape: GemmaConfiguration

  private let embedding: Embedding
  private let blocks: [GemmaBlock]
  private let norm: RMSNorm
  private let head: Linear?
  private let fullRotary, slidingRotary: RotaryEmbedding
  /// √D, rounded to the type of the weights as the reference does.
  private let embeddingScale: Double

  /// Builds the model, its numbers from a store.
  ///
  /// - Parameters:
  ///   - configuration: of the family "gemma2" or "gemma3_text".
  ///   - scope: where its names begin in a store, which draws parameters or reads them; the caller finishes it.
  /// - Throws: ``ModelFolderError`` where the configuration contradicts itself.
  public init(_ configuration: ModelConfiguration, _ scope: Scope) throws {
    let shape = try configuration.gemma()
    self.configuration = configuration
    self.shape = shape
    let trunk = scope / "model"
    embedding = Embedding(
      trunk / "embed_tokens", count: shape.vocabularyCount, width: shape.width,
      deviation: shape.initializerRange)
    blocks = (0..<shape.layerCount).map {
      GemmaBlock(trunk / "layers" / "\($0)", shape, layer: $0)
    }
    norm = RMSNorm(
      trunk / "norm", width: shape.width, epsilon: shape.normEpsilon, isAroundOne: true)
    head = ownHead(
      scope / "lm_head", configuration, ties: shape.tiesEmbedding, from: shape.width,
      to: shape.vocabularyCount, deviation: shape.initializerRange)
    parameters = scope.parameters
    func rotary(_ settings: RotarySettings, _ device: Device) -> RotaryEmbedding {
      RotaryEmbedding(
        theta: settings.theta, width: settings.width, scaling: settings.scaling, device: device)
    }
    fullRotary = rotary(shape.fullRotary, embedding.weight.device)
    slidingRotary = rotary(shape.slidingRotary, embedding.weight.device)
    let root = Tensor([Double(shape.width).squareRoot()]).to(embedding.weight.elementType)
    embeddingScale = root.item
  }

  /// The output matrix, `[V, D]`; the embedding where the two are tied or the model has no language head.
  public var outputWeight: Tensor { head?.weight ?? embedding.weight }

  /// Bound of the logits (Gemma 2).
  public var logitCap: Double? { shape.logitCap }

  var keptShape: KeptShape {
    KeptShape(
      layerCount: shape.layerCount, keyHeadCount: shape.keyHeadCount, headWidth: shape.headWidth,
      scalings: [shape.fullRotary.scaling, shape.slidingRotary.scaling])
  }

  func embed(_ ids: Tensor) -> Tensor { embedding(ids) * embeddingScale }

  func states(
    of embedded: Tensor, context: AttentionContext, checkpointing: Bool
  ) -> Tensor {
    let full = fullRotary.turns(context)
    let sliding = slidingRotary.turns(context)
    var x = embedded  // [B, T, D]
    for block in blocks {
      let turn = block.isSliding ? sliding : full
      x = run(x, checkpointing: checkpointing) { block($0, turn, context) }
    }
    return norm(x)
  }
}
