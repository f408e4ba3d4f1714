// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The shape of a Llama, or of a family of its layout, from `config.json`.
public struct LlamaConfiguration: ModelShape {
  /// Which family of the layout.
  public var family: LlamaFamily
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
  /// Base of the rotary frequencies.
  public var ropeTheta: Double
  /// Stretching of the rotary frequencies.
  public var ropeScaling: RotaryScaling
  /// Numbers of a head that turn; even.
  public var rotaryWidth: Int
  /// Keys that a query of each layer sees, its own included; nil sees all before it. One a layer.
  public var windows: [Int?]
  /// Biases on q, k and v, and on o where the family allows that.
  public var hasAttentionBias: Bool
  /// Biases in the feed-forward part.
  public var hasFeedForwardBias: Bool
  /// Whether the output matrix is the embedding.
  public var tiesEmbedding: Bool
  /// Deviation of fresh weights.
  public var initializerRange: Double

  /// A new shape; what is not given follows from the rest.
  ///
  /// `slidingWindow` holds for the layers from `firstSlidingLayer` on; only Qwen2 and Qwen3 have layers before.
  public init(
    family: LlamaFamily = .llama, vocabularyCount: Int, width: Int, hiddenWidth: Int,
    layerCount: Int, headCount: Int, keyHeadCount: Int? = nil, headWidth: Int? = nil,
    maximumLength: Int = 512, normEpsilon: Double = 1e-5, activation: Activation = .silu,
    ropeTheta: Double = 10_000, ropeScaling: RotaryScaling = .none, rotaryWidth: Int? = nil,
    slidingWindow: Int? = nil, firstSlidingLayer: Int = 0, hasAttentionBias: Bool = false,
    hasFeedForwardBias: Bool = false, tiesEmbedding: Bool = true, initializerRange: Double = 0.02
  ) {
    self.family = family
    self.vocabularyCount = vocabularyCount
    self.width = width
    self.hiddenWidth = hiddenWidth
    self.layerCount = layerCount
    self.headCount = headCount
    self.keyHeadCount = keyHeadCount ?? headCount
    self.headWidth = headWidth ?? width / headCount
    self.maximumLength = maximumLength
    self.normEpsilon = normEpsilon
    self.activation = activation
    self.ropeTheta = ropeTheta
    self.ropeScaling = ropeScaling
    self.rotaryWidth = rotaryWidth ?? self.headWidth
    windows = (0..<layerCount).map { $0 < firstSlidingLayer ? nil : slidingWindow }
    self.hasAttentionBias = hasAttentionBias || family.attentionBias == .queryKeyValue
    self.hasFeedForwardBias = hasFeedForwardBias
    self.tiesEmbedding = tiesEmbedding
    self.initializerRange = initializerRange
  }

  /// Reads the fields of `config.json`.
  ///
  /// - Throws: ``ModelFolderError/badConfiguration(path:field:reason:)``.
  init(_ file: ConfigurationFields, _ family: LlamaFamily) throws {
    let fields = file.filled(with: family.defaults)
    let heads = try HeadCounts(fields)
    let layerCount = try fields.layerCount("num_hidden_layers")
    let maximumLength = try fields.size("max_position_embeddings")
    let rotary = try RotarySettings(
      fields, RotarySettings.object(in: fields), headWidth: heads.width,
      maximumLength: maximumLength)
    let biased = try fields.flag("attention_bias") ?? false
    self.init(
      family: family,
      vocabularyCount: try fields.size("vocab_size"),
      width: try fields.size("hidden_size"),
      hiddenWidth: try fields.size("intermediate_size"),
      layerCount: layerCount,
      headCount: heads.queries,
      keyHeadCount: heads.keys,
      headWidth: heads.width,
      maximumLength: maximumLength,
      normEpsilon: try fields.required("rms_norm_eps"),
      activation: try fields.activation("hidden_act"),
      ropeTheta: rotary.theta,
      ropeScaling: rotary.scaling,
      rotaryWidth: rotary.width,
      hasAttentionBias: family.attentionBias == .asConfigured && biased,
      hasFeedForwardBias: try fields.flag("mlp_bias") ?? false,
      tiesEmbedding: try fields.flag("tie_word_embeddings") ?? false,
      initializerRange: try fields.number("initializer_range") ?? 0.02)
    windows = try family.windows(fields, layerCount: layerCount)
  }

  /// Whether o has a bias.
  var hasOutputBias: Bool { hasAttentionBias && family.attentionBias == .asConfigured }

  /// The fields as `config.json` has them.
  public var fields: [String: Any] {
    var fields: [String: Any] = [
      "model_type": family.modelType, "hidden_act": activation.rawValue,
      "vocab_size": vocabularyCount, "hidden_size": width, "intermediate_size": hiddenWidth,
      "num_hidden_layers": layerCount, "num_attention_heads": headCount,
      "num_key_value_heads": keyHeadCount, "head_dim": headWidth,
      "max_position_embeddings": maximumLength, "rms_norm_eps": normEpsilon,
      "tie_word_embeddings": tiesEmbedding, "initializer_range": initializerRange,
      "attention_dropout": 0.0, "use_cache": true, "rope_theta": ropeTheta,
    ]
    let rotary = RotarySettings(theta: ropeTheta, width: rotaryWidth, scaling: ropeScaling)
    fields["rope_parameters"] = rotary.fields(headWidth: headWidth)
    if case .longRoPE(_, _, let original, _) = ropeScaling {
      fields["original_max_position_embeddings"] = original
    }
    if family.attentionBias == .asConfigured { fields["attention_bias"] = hasAttentionBias }
    if hasFeedForwardBias || family == .llama { fields["mlp_bias"] = hasFeedForwardBias }
    return fields.merging(family.windowFields(windows)) { $1 }
  }
}

extension LlamaFamily {
  /// The window of each layer.
  fileprivate func windows(_ fields: ConfigurationFields, layerCount: Int) throws -> [Int?] {
    switch windows {
    case .none: return .init(repeating: nil, count: layerCount)
    case .everyLayer:
      return .init(repeating: try fields.window("sliding_window"), count: layerCount)
    case .byLayer:
      let isOn = try fields.flag("use_sliding_window") ?? false
      let first = try fields.integer("max_window_layers") ?? layerCount
      return try fields.windows(
        layerCount: layerCount, window: isOn ? try fields.window("sliding_window") : nil
      ) { isOn && $0 >= first }
    }
  }

  /// Windows as `config.json` has them.
  fileprivate func windowFields(_ windows: [Int?]) -> [String: Any] {
    let window = windows.compactMap { $0 }.first
    switch self.windows {
    case .none: return [:]
    case .everyLayer: return ["sliding_window": window as Any? ?? NSNull()]
    case .byLayer:
      return [
        "use_sliding_window": window != nil, "sliding_window": window as Any? ?? NSNull(),
        "max_window_layers": windows.firstIndex { $0 != nil } ?? windows.count,
        "layer_types": LayerType.names(windows),
      ]
    }
  }
}
