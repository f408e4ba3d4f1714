// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Which generation of Gemma.
public struct GemmaFamily: Sendable, Equatable {
  /// `model_type` in `config.json`.
  public let modelType: String
  /// Queries and keys are normalised head by head.
  let hasHeadNorms: Bool
  /// Bases of the rotary frequencies of full layers and of layers with a window.
  let thetas: (full: Double, sliding: Double)
  /// Every so many layers one is full.
  let fullLayerInterval: Int
  /// Fields of `config.json` where a file lacks them.
  let defaults: [String: any Sendable]

  /// Families are told apart by their `model_type`.
  public static func == (a: GemmaFamily, b: GemmaFamily) -> Bool { a.modelType == b.modelType }

  private static let common: [String: any Sendable] = [
    "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
    "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh", "initializer_range": 0.02, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": true, "query_pre_attn_scalar": 256.0, "sliding_window": 4096,
  ]

  /// Gemma 2: bounded scores and logits, every second layer full.
  public static let gemma2 = GemmaFamily(
    modelType: "gemma2", hasHeadNorms: false, thetas: (10_000, 10_000), fullLayerInterval: 2,
    defaults: common.merging([
      "vocab_size": 256_000, "max_position_embeddings": 8192, "attn_logit_softcapping": 50.0,
      "final_logit_softcapping": 30.0,
    ]) { $1 })

  /// The text model of Gemma 3: norms of single heads, every sixth layer full and with a base of its own.
  public static let gemma3 = GemmaFamily(
    modelType: "gemma3_text", hasHeadNorms: true, thetas: (1_000_000, 10_000),
    fullLayerInterval: 6,
    defaults: common.merging(["vocab_size": 262_208, "max_position_embeddings": 131_072]) { $1 })
}

/// The shape of a Gemma 2 or of the text model of a Gemma 3, from `config.json`.
public struct GemmaConfiguration: ModelShape {
  /// Which generation.
  public var family: GemmaFamily
  /// V: tokens known.
  public var vocabularyCount: Int
  /// D: width of the states.
  public var width: Int
  /// Width inside the feed-forward part.
  public var hiddenWidth: Int
  /// L: blocks.
  public var layerCount: Int
  /// H: query heads.
  public var headCount: Int
  /// Key heads; divides H.
  public var keyHeadCount: Int
  /// K: width of a head.
  public var headWidth: Int
  /// Longest text of pretraining.
  public var maximumLength: Int
  /// ε of the norms.
  public var normEpsilon: Double
  /// Activation of the gate.
  public var activation: Activation
  /// Scores are divided by the root of this.
  public var queryScalar: Double
  /// Bound of the scores; nil leaves them.
  public var attentionCap: Double?
  /// Bound of the logits; nil leaves them.
  public var logitCap: Double?
  /// Keys that a query of each layer sees, its own included; nil sees all before it. One a layer.
  public var windows: [Int?]
  /// Rotary positions of layers that see everything.
  public var fullRotary: RotarySettings
  /// Rotary positions of layers with a window.
  public var slidingRotary: RotarySettings
  /// Biases on q, k, v and o.
  public var hasAttentionBias: Bool
  /// Whether the output matrix is the embedding.
  public var tiesEmbedding: Bool
  /// Deviation of fresh weights.
  public var initializerRange: Double

  /// A new shape; what is not given is as in the published models of the family.
  public init(
    family: GemmaFamily, vocabularyCount: Int, width: Int, hiddenWidth: Int, layerCount: Int,
    headCount: Int, keyHeadCount: Int, headWidth: Int, maximumLength: Int = 8192,
    normEpsilon: Double = 1e-6, queryScalar: Double? = nil, slidingWindow: Int,
    fullLayerInterval: Int? = nil, initializerRange: Double = 0.02
  ) {
    self.family = family
    self.vocabularyCount = vocabularyCount
    self.width = width
    self.hiddenWidth = hiddenWidth
    self.layerCount = layerCount
    self.headCount = headCount
    self.keyHeadCount = keyHeadCount
    self.headWidth = headWidth
    self.maximumLength = maximumLength
    self.normEpsilon = normEpsilon
    activation = .geluTanh
    self.queryScalar = queryScalar ?? Double(headWidth)
    attentionCap = family.defaults["attn_logit_softcapping"] as? Double
    logitCap = family.defaults["final_logit_softcapping"] as? Double
    let interval = fullLayerInterval ?? family.fullLayerInterval
    windows = (0..<layerCount).map { ($0 + 1).isMultiple(of: interval) ? nil : slidingWindow }
    fullRotary = RotarySettings(theta: family.thetas.full, width: headWidth)
    slidingRotary = RotarySettings(theta: family.thetas.sliding, width: headWidth)
    hasAttentionBias = false
    tiesEmbedding = true
    self.initializerRange = initializerRange
  }
}
