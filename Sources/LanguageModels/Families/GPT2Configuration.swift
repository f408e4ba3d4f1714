// SPDX-License-Identifier: Apache-2.0

/// The shape of a GPT-2, from `config.json`.
public struct GPT2Configuration: ModelShape {
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
  /// Positions known; no text may be longer.
  public var maximumLength: Int
  /// ε of the norms.
  public var normEpsilon: Double
  /// Activation of the feed-forward part.
  public var activation: Activation
  /// Whether scores are divided by √K.
  public var scalesScores: Bool
  /// Whether scores of layer i are also divided by i + 1.
  public var scalesByLayer: Bool
  /// Whether the output matrix is the embedding.
  public var tiesEmbedding: Bool
  /// Deviation of fresh weights.
  public var initializerRange: Double

  /// A new shape; what is not given follows from the rest.
  public init(
    vocabularyCount: Int, width: Int, hiddenWidth: Int? = nil, layerCount: Int, headCount: Int,
    maximumLength: Int = 1024, normEpsilon: Double = 1e-5, activation: Activation = .geluNew,
    scalesScores: Bool = true, scalesByLayer: Bool = false, tiesEmbedding: Bool = true,
    initializerRange: Double = 0.02
  ) {
    self.vocabularyCount = vocabularyCount
    self.width = width
    self.hiddenWidth = hiddenWidth ?? 4 * width
    self.layerCount = layerCount
    self.headCount = headCount
    self.maximumLength = maximumLength
    self.normEpsilon = normEpsilon
    self.activation = activation
    self.scalesScores = scalesScores
    self.scalesByLayer = scalesByLayer
    self.tiesEmbedding = tiesEmbedding
    self.initializerRange = initializerRange
  }

  private static let defaults: [String: any Sendable] = [
    "vocab_size": 50257, "n_positions": 1024, "n_embd": 768, "n_layer": 12, "n_head": 12,
    "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "initializer_range": 0.02,
    "tie_word_embeddings": true,
  ]

  /// Reads the fields of `config.json`.
  ///
  /// - Throws: ``ModelFolderError/badConfiguration(path:field:reason:)``.
  init(_ file: ConfigurationFields) throws {
    let fields = file.filled(with: Self.defaults)
    guard try fields.flag("add_cross_attention") != true else {
      throw fields.error(
        "add_cross_attention",
        "a decoder of an encoder-decoder pair is not supported; set it to false")
    }
    let width = try fields.size("n_embd")
    let headCount = try fields.size("n_head")
    try fields.requireMultiple("n_embd", width, of: "n_head", headCount)
    self.init(
      vocabularyCount: try fields.size("vocab_size"), width: width,
      hiddenWidth: try fields.integer("n_inner").map { _ in try fields.size("n_inner") },
      layerCount: try fields.layerCount("n_layer"), headCount: headCount,
      maximumLength: try fields.size("n_positions"),
      normEpsilon: try fields.required("layer_norm_epsilon"),
      activation: try fields.activation("activation_function"),
      scalesScores: try fields.flag("scale_attn_weights") ?? true,
      scalesByLayer: try fields.flag("scale_attn_by_inverse_layer_idx") ?? false,
      tiesEmbedding: try fields.flag("tie_word_embeddings") ?? true,
      initializerRange: try fields.number("initializer_range") ?? 0.02)
  }

  /// The fields as `config.json` has them.
  public var fields: [String: Any] {
    [
      "model_type": "gpt2", "vocab_size": vocabularyCount, "n_embd": width, "n_inner": hiddenWidth,
      "n_layer": layerCount, "n_head": headCount, "n_positions": maximumLength,
      "layer_norm_epsilon": normEpsilon, "activation_function": activation.rawValue,
      "scale_attn_weights": scalesScores, "scale_attn_by_inverse_layer_idx": scalesByLayer,
      "tie_word_embeddings": tiesEmbedding, "initializer_range": initializerRange,
      "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0, "use_cache": true,
    ]
  }
}
