// SPDX-License-Identifier: Apache-2.0
import Foundation

extension GemmaConfiguration {
  /// Reads the fields of `config.json`.
  ///
  /// - Throws: ``ModelFolderError/badConfiguration(path:field:reason:)``.
  init(_ file: ConfigurationFields, _ family: GemmaFamily) throws {
    let fields = file.filled(with: family.defaults)
    guard try fields.flag("use_bidirectional_attention") != true else {
      throw fields.error(
        "use_bidirectional_attention",
        "only causal models are supported; this one is for embeddings")
    }
    let heads = try HeadCounts(fields)
    self.init(
      family: family, vocabularyCount: try fields.size("vocab_size"),
      width: try fields.size("hidden_size"), hiddenWidth: try fields.size("intermediate_size"),
      layerCount: try fields.layerCount("num_hidden_layers"), headCount: heads.queries,
      keyHeadCount: heads.keys, headWidth: heads.width,
      maximumLength: try fields.size("max_position_embeddings"),
      normEpsilon: try fields.required("rms_norm_eps"),
      queryScalar: try fields.required("query_pre_attn_scalar"), slidingWindow: 1,
      initializerRange: try fields.number("initializer_range") ?? 0.02)
    activation = try fields.activation("hidden_activation")
    attentionCap = try fields.cap("attn_logit_softcapping")
    logitCap = try fields.cap("final_logit_softcapping")
    let interval = try fields.integer("sliding_window_pattern") ?? family.fullLayerInterval
    guard interval > 0 else {
      throw fields.error("sliding_window_pattern", "expected a number above 0, found \(interval)")
    }
    windows = try fields.windows(
      layerCount: layerCount, window: try fields.window("sliding_window")
    ) { !($0 + 1).isMultiple(of: interval) }
    (fullRotary, slidingRotary) = try Self.rotary(fields, family, heads.width, maximumLength)
    hasAttentionBias = try fields.flag("attention_bias") ?? false
    tiesEmbedding = try fields.flag("tie_word_embeddings") ?? true
  }

  /// One object for all layers, one a layer type (transformers 5), or the top-level fields of Gemma 3's first files.
  private static func rotary(
    _ fields: ConfigurationFields, _ family: GemmaFamily, _ headWidth: Int, _ maximumLength: Int
  ) throws -> (RotarySettings, RotarySettings) {
    let parameters = try fields.object("rope_parameters")
    let isNested = LayerType.allCases.contains { parameters?.values[$0.rawValue] is [String: Any] }
    func settings(_ type: LayerType, thetaField: String, theta: Double) throws -> RotarySettings {
      let inner =
        isNested ? try parameters?.object(type.rawValue) : try RotarySettings.object(in: fields)
      // The first files of Gemma 3 stretch full layers only.
      let isPlain = !isNested && type == .sliding && family.thetas.full != family.thetas.sliding
      return try RotarySettings(
        fields, isPlain ? nil : inner, headWidth: headWidth, maximumLength: maximumLength,
        thetaField: thetaField, theta: theta)
    }
    let hasOneBase = family.thetas.full == family.thetas.sliding
    return (
      try settings(.full, thetaField: "rope_theta", theta: family.thetas.full),
      try settings(
        .sliding, thetaField: hasOneBase ? "rope_theta" : "rope_local_base_freq",
        theta: family.thetas.sliding)
    )
  }

  /// The fields as `config.json` has them.
  public var fields: [String: Any] {
    var fields: [String: Any] = [
      "model_type": family.modelType, "hidden_activation": activation.rawValue,
      "vocab_size": vocabularyCount, "hidden_size": width, "intermediate_size": hiddenWidth,
      "num_hidden_layers": layerCount, "num_attention_heads": headCount,
      "num_key_value_heads": keyHeadCount, "head_dim": headWidth,
      "max_position_embeddings": maximumLength, "rms_norm_eps": normEpsilon,
      "query_pre_attn_scalar": queryScalar.rounded() == queryScalar
        ? Int(queryScalar) as Any : queryScalar,
      "attn_logit_softcapping": attentionCap as Any? ?? NSNull(),
      "final_logit_softcapping": logitCap as Any? ?? NSNull(),
      "sliding_window": windows.compactMap { $0 }.first as Any? ?? NSNull(),
      "layer_types": LayerType.names(windows), "attention_bias": hasAttentionBias,
      "tie_word_embeddings": tiesEmbedding, "initializer_range": initializerRange,
      "attention_dropout": 0.0, "use_cache": true, "rope_theta": fullRotary.theta,
    ]
    if family.thetas.full == family.thetas.sliding {
      fields["rope_parameters"] = fullRotary.fields(headWidth: headWidth)
    } else {
      fields["rope_local_base_freq"] = slidingRotary.theta
      fields["rope_parameters"] = [
        LayerType.full.rawValue: fullRotary.fields(headWidth: headWidth),
        LayerType.sliding.rawValue: slidingRotary.fields(headWidth: headWidth),
      ]
    }
    return fields
  }
}
