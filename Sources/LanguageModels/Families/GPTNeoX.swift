// SPDX-License-Identifier: Apache-2.0
public import Torch

// Attention, block and model of one family stand together: together they are the checkpoint map.

/// Attention and feed-forward part of one layer, one after the other or both from the same input.
struct GPTNeoXBlock {
  let inputNorm, postNorm: LayerNorm
  /// Rows of the matrix stand head by head: each head's query, key and value together.
  let queryKeyValue, output: Linear
  let up, down: Linear
  let activation: Activation
  let isParallel: Bool
  let headWidth: Int
  let style: AttentionStyle
  let layer: Int

  init(_ scope: Scope, _ shape: GPTNeoXConfiguration, layer: Int) {
    func norm(_ name: String) -> LayerNorm {
      LayerNorm(scope / name, width: shape.width, epsilon: shape.normEpsilon)
    }
    func matrix(_ scope: Scope, _ from: Int, _ to: Int, bias: Bool) -> Linear {
      Linear(scope, from: from, to: to, bias: bias, deviation: shape.initializerRange)
    }
    inputNorm = norm("input_layernorm")
    postNorm = norm("post_attention_layernorm")
    let attention = scope / "attention"
    queryKeyValue = matrix(
      attention / "query_key_value", shape.width, 3 * shape.width, bias: shape.hasAttentionBias)
    output = matrix(attention / "dense", shape.width, shape.width, bias: shape.hasAttentionBias)
    up = matrix(scope / "mlp" / "dense_h_to_4h", shape.width, shape.hiddenWidth, bias: true)
    down = matrix(scope / "mlp" / "dense_4h_to_h", shape.hiddenWidth, shape.width, bias: true)
    activation = shape.activation
    isParallel = shape.isParallel
    headWidth = shape.width / shape.headCount
    style = AttentionStyle(scale: 1 / Double(headWidth).squareRoot())
    self.layer = layer
  }

  func callAsFunction(  // [B, T, D] -> [B, T, D]
    _ x: Tensor, _ turn: Turn, _ context: AttentionContext
  ) -> Tensor {
    let attended = x + attend(inputNorm(x), turn, context)
    return attended + down(activation(up(postNorm(isParallel ? x : attended))))
  }

  private func attend(_ x: Tensor, _ turn: Turn, _ context: AttentionContext) -> Tensor {
    let all = splitHeads(queryKeyValue(x), width: 3 * headWidth)  // [B, H, T, 3 K]
    let parts = (0..<3).map { all.narrowed(-1, $0 * headWidth..<($0 + 1) * headWidth) }
    let query = rotary(parts[0], cosine: turn.cosine, sine: turn.sine)
    let key = rotary(parts[1], cosine: turn.cosine, sine: turn.sine)
    return output(context.attended(query, key, parts[2], layer: layer, style))
  }
}

/// GPT-NeoX and the Pythia models: rotary positions on a part of each head, both parts of a layer in parallel.
///
/// Source: Black et al. 2022, arXiv:2204.06745, section 2.1; Biderman et al. 2023, arXiv:2304.01373.
///
/// Departures: dropout fields of `config.json` are not applied in training.
public final class GPTNeoX: LanguageModel, Decoder {
  /// Parameters under their checkpoint names, in the order of the layers.
  public let parameters: NamedTensors
  /// What `config.json` says.
  public let configuration: ModelConfiguration
  /// The shape, as the family knows it.
  public let shape: GPTNeoXConfiguration

  private let embedding: Embedding
  private let blocks: [GPTNeoXBlock]
  private let norm: LayerNorm
  private let head: Linear?
  private let rotaryEmbedding: RotaryEmbedding

  /// Builds the model, its numbers from a store.
  ///
  /// - Parameters:
  ///   - configuration: of the family "gpt_neox".
  ///   - scope: where its names begin in a store, which draws parameters or reads them; the caller finishes it.
  /// - Throws: ``ModelFolderError`` where the configuration contradicts itself.
  public init(_ configuration: ModelConfiguration, _ scope: Scope) throws {
    let shape = try configuration.gptNeoX()
    self.configuration = configuration
    self.shape = shape
    let trunk = scope / "gpt_neox"
    embedding = Embedding(
      trunk / "embed_in", count: shape.vocabularyCount, width: shape.width,
      deviation: shape.initializerRange)
    blocks = (0..<shape.layerCount).map {
      GPTNeoXBlock(trunk / "layers" / "\($0)", shape, layer: $0)
    }
    norm = LayerNorm(trunk / "final_layer_norm", width: shape.width, epsilon: shape.normEpsilon)
    head = ownHead(
      scope / "embed_out", configuration, ties: shape.tiesEmbedding, from: shape.width,
      to: shape.vocabularyCount, deviation: shape.initializerRange)
    parameters = scope.parameters
    rotaryEmbedding = RotaryEmbedding(
      theta: shape.rotary.theta, width: shape.rotary.width, scaling: shape.rotary.scaling,
      device: embedding.weight.device)
  }

  /// The output matrix, `[V, D]`; the embedding where the two are tied or the model has no language head.
  public var outputWeight: Tensor { head?.weight ?? embedding.weight }

  var keptShape: KeptShape {
    KeptShape(
      layerCount: shape.layerCount, keyHeadCount: shape.headCount,
      headWidth: shape.width / shape.headCount, scalings: [shape.rotary.scaling])
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
