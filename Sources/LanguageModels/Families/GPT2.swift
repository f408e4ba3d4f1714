// SPDX-License-Identifier: Apache-2.0
public import Torch

// Attention, block and model of one family stand together: together they are the checkpoint map.

/// x += attention(norm x); x += feedForward(norm x). Matrices are stored `[in, out]`.
struct GPT2Block {
  let inputNorm, postNorm: LayerNorm
  let queryKeyValue, output: Linear
  let up, down: Linear
  let activation: Activation
  let headWidth: Int
  let style: AttentionStyle
  let layer: Int

  init(_ scope: Scope, _ shape: GPT2Configuration, layer: Int) {
    func matrix(_ scope: Scope, _ from: Int, _ to: Int) -> Linear {
      Linear(
        scope, from: from, to: to, bias: true, deviation: shape.initializerRange,
        isTransposed: true)
    }
    func norm(_ name: String) -> LayerNorm {
      LayerNorm(scope / name, width: shape.width, epsilon: shape.normEpsilon)
    }
    inputNorm = norm("ln_1")
    queryKeyValue = matrix(scope / "attn" / "c_attn", shape.width, 3 * shape.width)
    output = matrix(scope / "attn" / "c_proj", shape.width, shape.width)
    postNorm = norm("ln_2")
    up = matrix(scope / "mlp" / "c_fc", shape.width, shape.hiddenWidth)
    down = matrix(scope / "mlp" / "c_proj", shape.hiddenWidth, shape.width)
    activation = shape.activation
    headWidth = shape.width / shape.headCount
    let base = shape.scalesScores ? 1 / Double(headWidth).squareRoot() : 1
    style = AttentionStyle(scale: shape.scalesByLayer ? base / Double(layer + 1) : base)
    self.layer = layer
  }

  func callAsFunction(_ x: Tensor, _ context: AttentionContext) -> Tensor {  // [B, T, D]
    let width = x.size(-1)
    let all = queryKeyValue(inputNorm(x))  // [B, T, 3 D]
    let parts = (0..<3).map {
      splitHeads(all.narrowed(-1, $0 * width..<($0 + 1) * width), width: headWidth)
    }
    let attended = x + output(context.attended(parts[0], parts[1], parts[2], layer: layer, style))
    return attended + down(activation(up(postNorm(attended))))
  }
}

/// GPT-2: learned positions, layer norms before each part, biases everywhere, a head tied to the embedding.
///
/// Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.3.
///
/// Departures: dropout (0.1 in the paper and in `config.json`) is not applied in training.
public final class GPT2: LanguageModel, Decoder {
  /// Parameters under their checkpoint names, in the order of the layers.
  public let parameters: NamedTensors
  /// What `config.json` says.
  public let configuration: ModelConfiguration
  /// The shape, as the family knows it.
  public let shape: GPT2Configuration

  private let embedding, positionEmbedding: Embedding
  private let blocks: [GPT2Block]
  private let norm: LayerNorm
  private let head: Linear?

  /// Builds the model, its numbers from a store.
  ///
  /// - Parameters:
  ///   - configuration: of the family "gpt2".
  ///   - scope: where its names begin in a store, which draws parameters or reads them; the caller finishes it.
  /// - Throws: ``ModelFolderError`` where the configuration contradicts itself.
  public init(_ configuration: ModelConfiguration, _ scope: Scope) throws {
    let shape = try configuration.gpt2()
    self.configuration = configuration
    self.shape = shape
    let trunk = scope / "transformer"
    embedding = Embedding(
      trunk / "wte", count: shape.vocabularyCount, width: shape.width,
      deviation: shape.initializerRange)
    positionEmbedding = Embedding(
      trunk / "wpe", count: shape.maximumLength, width: shape.width,
      deviation: shape.initializerRange)
    blocks = (0..<shape.layerCount).map { GPT2Block(trunk / "h" / "\($0)", shape, layer: $0) }
    norm = LayerNorm(trunk / "ln_f", width: shape.width, epsilon: shape.normEpsilon)
    head = ownHead(
      scope / "lm_head", configuration, ties: shape.tiesEmbedding, from: shape.width,
      to: shape.vocabularyCount, deviation: shape.initializerRange)
    parameters = scope.parameters
  }

  /// The output matrix, `[V, D]`; the embedding where the two are tied or the model has no language head.
  public var outputWeight: Tensor { head?.weight ?? embedding.weight }

  /// No text may be longer: there are no positions beyond.
  public var lengthLimit: Int? { shape.maximumLength }

  var keptShape: KeptShape {
    KeptShape(
      layerCount: shape.layerCount, keyHeadCount: shape.headCount,
      headWidth: shape.width / shape.headCount)
  }

  func embed(_ ids: Tensor) -> Tensor { embedding(ids) }

  func states(
    of embedded: Tensor, context: AttentionContext, checkpointing: Bool
  ) -> Tensor {
    let longest = context.rowLengths.max() ?? 0
    requireArguments(
      longest <= shape.maximumLength, "GPT-2",
      "a text of \(longest) tokens, but the model has \(shape.maximumLength) positions; "
        + "shorten texts or ask for fewer new tokens")
    // Padding may stand beyond the last position; nothing reads what it gets.
    let last = Tensor([shape.maximumLength - 1], device: embedded.device)
    var x = embedded + positionEmbedding(minimum(context.positions, last))  // [B, T, D]
    for block in blocks { x = run(x, checkpointing: checkpointing) { block($0, context) } }
    return norm(x)
  }
}
