// SPDX-License-Identifier: Apache-2.0

/// The shape of a GPT-NeoX or Pythia model, from `config.json`.
public struct GPTNeoXConfiguration: ModelShape {
  /// V: tokens known.
  public var vocabularyCount: Int
  /// D: width of the states.
  public var width: Int
  /// Width inside the feed-forward part.
  public var hiddenWidth: Int
  /// L: blocks.
  public var layerCount: Int
  /// H: heads; divides D.
  public var headCount: Int
  /// Longest text of pretraining.
  public var maximumLength: Int
  /// ε of the norms.
  public var normEpsilon: Double
  /// Activation of the feed-forward part.
  public var activation: Activation
  /// Rotary positions.
  public var rotary: RotarySettings
  /// Whether both parts of a layer read the same input.
  public var isParallel: Bool
  /// Biases in the attention.
  public var hasAttentionBias: Bool
  /// Whether the output matrix is the embedding.
  public var tiesEmbedding: Bool
  /// Deviation of fresh weights.
  public var initializerRange: Double

  /// A new shape; what is not given follows from the rest: a quarter of each head turns.
  public init(
    vocabularyCount: Int, width: Int, hiddenWidth: Int? = nil, layerCount: Int, headCount: Int,
    maximumLength: Int = 2048, normEpsilon: Double = 1e-5, activation: Activation = .gelu,
    rotary: RotarySettings? = nil, isParallel: Bool = true, hasAttentionBias: Bool = true,
    tiesEmbedding: Bool = false, initializerRange: Double = 0.02
  ) {
    self.vocabularyCount = vocabularyCount
    self.width = width
    self.hiddenWidth = hiddenWidth ?? 4 * width
    self.layerCount = layerCount
    self.headCount = headCount
    self.maximumLength = maximumLength
    self.normEpsilon = normEpsilon
    self.activation = activation
    self.rotary = rotary ?? RotarySettings(width: width / headCount / 4)
    self.isParallel = isParallel
    self.hasAttentionBias = hasAttentionBias
    self.tiesEmbedding = tiesEmbedding
    self.initializerRange = initializerRange
  }

  private static let defaults: [String: any Sendable] = [
    "vocab_size": 50432, "hidden_size": 6144, "num_hidden_layers": 44, "num_attention_heads": 64,
    "intermediate_size": 24576, "hidden_act": "gelu", "max_position_embeddings": 2048,
    "layer_norm_eps": 1e-5, "initializer_range": 0.02, "tie_word_embeddings": false,
  ]

  /// Reads the fields of `config.json`.
  ///
  /// - Throws: ``ModelFolderError/badConfiguration(path:field:reason:)``.
  init(_ file: ConfigurationFields) throws {
    let fields = file.filled(with: Self.defaults)
    let width = try fields.size("hidden_size")
    let headCount = try fields.size("num_attention_heads")
    try fields.requireMultiple("hidden_size", width, of: "num_attention_heads", headCount)
    let maximumLength = try fields.size("max_position_embeddings")
    self.init(
      vocabularyCount: try fields.size("vocab_size"), width: width,
      hiddenWidth: try fields.size("intermediate_size"),
      layerCount: try fields.layerCount("num_hidden_layers"), headCount: headCount,
      maximumLength: maximumLength, normEpsilon: try fields.required("layer_norm_eps"),
      activation: try fields.activation("hidden_act"),
      rotary: try RotarySettings(
        fields, RotarySettings.object(in: fields), headWidth: width / headCount,
        maximumLength: maximumLength, thetaField: "rotary_emb_base", shareField: "rotary_pct",
        share: 0.25),
      isParallel: try fields.flag("use_parallel_residual") ?? true,
      hasAttentionBias: try fields.flag("attention_bias") ?? true,
      tiesEmbedding: try fields.flag("tie_word_embeddings") ?? false,
      initializerRange: try fields.number("initializer_range") ?? 0.02)
  }

  /// The fields as `config.json` has them.
  public var fields: [String: Any] {
    let headWidth = width / headCount
    return [
      "model_type": "gpt_neox", "vocab_size": vocabularyCount, "hidden_size": width,
      "intermediate_size": hiddenWidth, "num_hidden_layers": layerCount,
      "num_attention_heads": headCount, "max_position_embeddings": maximumLength,
      "layer_norm_eps": normEpsilon, "hidden_act": activation.rawValue,
      "use_parallel_residual": isParallel, "attention_bias": hasAttentionBias,
      "tie_word_embeddings": tiesEmbedding, "initializer_range": initializerRange,
      "rope_parameters": rotary.fields(headWidth: headWidth).merging(
        ["partial_rotary_factor": Double(rotary.width) / Double(headWidth)]) { $1 },
      "rotary_emb_base": rotary.theta, "rotary_pct": Double(rotary.width) / Double(headWidth),
      "attention_dropout": 0.0, "hidden_dropout": 0.0, "use_cache": true,
    ]
  }
}
