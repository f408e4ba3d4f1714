// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The shape of a Llama, from `config.json`.
public struct LlamaConfiguration: Sendable, Equatable {
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
  /// Base of the rotary frequencies.
  public var ropeTheta: Double
  /// Stretching of the rotary frequencies.
  public var ropeScaling: RotaryScaling
  /// Biases on q, k, v and o.
  public var hasAttentionBias: Bool
  /// Biases in the feed-forward part.
  public var hasFeedForwardBias: Bool
  /// Whether the output matrix is the embedding.
  public var tiesEmbedding: Bool
  /// Deviation of fresh weights.
  public var initializerRange: Double

  /// A new shape; what is not given follows from the rest.
  public init(
    vocabularyCount: Int, width: Int, hiddenWidth: Int, layerCount: Int, headCount: Int,
    keyHeadCount: Int? = nil, headWidth: Int? = nil, maximumLength: Int = 512,
    normEpsilon: Double = 1e-5, ropeTheta: Double = 10_000, ropeScaling: RotaryScaling = .none,
    hasAttentionBias: Bool = false, hasFeedForwardBias: Bool = false, tiesEmbedding: Bool = true,
    initializerRange: Double = 0.02
  ) {
    self.vocabularyCount = vocabularyCount
    self.width = width
    self.hiddenWidth = hiddenWidth
    self.layerCount = layerCount
    self.headCount = headCount
    self.keyHeadCount = keyHeadCount ?? headCount
    self.headWidth = headWidth ?? width / headCount
    self.maximumLength = maximumLength
    self.normEpsilon = normEpsilon
    self.ropeTheta = ropeTheta
    self.ropeScaling = ropeScaling
    self.hasAttentionBias = hasAttentionBias
    self.hasFeedForwardBias = hasFeedForwardBias
    self.tiesEmbedding = tiesEmbedding
    self.initializerRange = initializerRange
  }

  /// Reads the fields of `config.json`.
  ///
  /// - Throws: ``ModelFolderError/badConfiguration(path:field:reason:)``.
  init(_ fields: ConfigurationFields) throws {
    let activation = try fields.string("hidden_act") ?? "silu"
    guard activation == "silu" else {
      throw fields.error("hidden_act", "a Llama uses silu, the file says \(activation)")
    }
    let width = try fields.positive("hidden_size", default: 4096)
    let headCount = try fields.positive("num_attention_heads", default: 32)
    let keyHeadCount = try fields.positive("num_key_value_heads", default: headCount)
    guard headCount.isMultiple(of: keyHeadCount) else {
      throw fields.error(
        "num_key_value_heads", "\(keyHeadCount) does not divide the \(headCount) attention heads")
    }
    let headWidth = try fields.positive("head_dim", default: width / headCount)
    guard headWidth.isMultiple(of: 2) else {
      throw fields.error(
        "head_dim", "rotary embedding turns pairs, but a head has \(headWidth) numbers")
    }
    let maximumLength = try fields.positive("max_position_embeddings", default: 2048)
    let rope = try fields.object("rope_parameters") ?? fields.object("rope_scaling")
    self.init(
      vocabularyCount: try fields.positive("vocab_size", default: 32000),
      width: width,
      hiddenWidth: try fields.positive("intermediate_size", default: 11008),
      layerCount: try fields.positive("num_hidden_layers", default: 32),
      headCount: headCount,
      keyHeadCount: keyHeadCount,
      headWidth: headWidth,
      maximumLength: maximumLength,
      normEpsilon: try fields.number("rms_norm_eps") ?? 1e-6,
      ropeTheta: try rope?.number("rope_theta") ?? fields.number("rope_theta") ?? 10_000,
      ropeScaling: try RotaryScaling(rope, maximumLength: maximumLength, headWidth: headWidth),
      hasAttentionBias: try fields.flag("attention_bias") ?? false,
      hasFeedForwardBias: try fields.flag("mlp_bias") ?? false,
      tiesEmbedding: try fields.flag("tie_word_embeddings") ?? false,
      initializerRange: try fields.number("initializer_range") ?? 0.02)
  }

  /// The fields as `config.json` has them.
  var fields: [String: Any] {
    var fields: [String: Any] = [
      "model_type": "llama", "hidden_act": "silu", "vocab_size": vocabularyCount,
      "hidden_size": width, "intermediate_size": hiddenWidth, "num_hidden_layers": layerCount,
      "num_attention_heads": headCount, "num_key_value_heads": keyHeadCount, "head_dim": headWidth,
      "max_position_embeddings": maximumLength, "rms_norm_eps": normEpsilon,
      "attention_bias": hasAttentionBias, "mlp_bias": hasFeedForwardBias,
      "tie_word_embeddings": tiesEmbedding, "initializer_range": initializerRange,
      "attention_dropout": 0.0, "use_cache": true,
    ]
    fields["rope_theta"] = ropeTheta
    fields["rope_parameters"] = ropeScaling.fields.merging(["rope_theta": ropeTheta]) { $1 }
    return fields
  }
}

extension RotaryScaling {
  /// `rope_parameters` without the base.
  var fields: [String: Any] {
    switch self {
    case .none: return ["rope_type": "default"]
    case .linear(let factor): return ["rope_type": "linear", "factor": factor]
    case .dynamic(let factor, _): return ["rope_type": "dynamic", "factor": factor]
    case .yarn(let factor, let original, let fast, let slow, let attentionFactor):
      return [
        "rope_type": "yarn", "factor": factor, "original_max_position_embeddings": original,
        "beta_fast": fast, "beta_slow": slow, "attention_factor": attentionFactor,
      ]
    case .llama3(let factor, let low, let high, let original):
      return [
        "rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high,
        "original_max_position_embeddings": original,
      ]
    case .longRoPE(let short, let long, let original, let attentionFactor):
      return [
        "rope_type": "longrope", "short_factor": short, "long_factor": long,
        "original_max_position_embeddings": original, "attention_factor": attentionFactor,
      ]
    }
  }

  /// Reads `rope_parameters` (or the older `rope_scaling`).
  init(_ fields: ConfigurationFields?, maximumLength: Int, headWidth: Int) throws {
    guard let fields else {
      self = .none
      return
    }
    let kind = try fields.string("rope_type") ?? fields.string("type") ?? "default"
    let original = try fields.positive("original_max_position_embeddings", default: maximumLength)
    switch kind {
    case "default": self = .none
    case "linear": self = .linear(factor: try fields.required("factor"))
    case "dynamic":
      self = .dynamic(factor: try fields.required("factor"), originalLength: maximumLength)
    case "yarn": self = try RotaryScaling.yarn(fields, original)
    case "llama3":
      self = .llama3(
        factor: try fields.required("factor"), lowFactor: try fields.required("low_freq_factor"),
        highFactor: try fields.required("high_freq_factor"), originalLength: original)
    case "longrope": self = try RotaryScaling.longRoPE(fields, original, maximumLength, headWidth)
    default:
      throw fields.error(
        "rope_type",
        "unknown rotary scaling '\(kind)'; known: default, linear, dynamic, yarn, llama3, longrope")
    }
  }

  private static func yarn(_ fields: ConfigurationFields, _ original: Int) throws -> RotaryScaling {
    let factor: Double = try fields.required("factor")
    func scale(_ m: Double) -> Double { factor <= 1 ? 1 : 0.1 * m * Foundation.log(factor) + 1 }
    var attention = scale(1)
    if let given = try fields.number("attention_factor") {
      attention = given
    } else if let m = try fields.number("mscale"), let all = try fields.number("mscale_all_dim"),
      m != 0, all != 0
    {
      attention = scale(m) / scale(all)
    }
    return .yarn(
      factor: factor, originalLength: original,
      betaFast: try fields.number("beta_fast") ?? 32, betaSlow: try fields.number("beta_slow") ?? 1,
      attentionFactor: attention)
  }

  private static func longRoPE(
    _ fields: ConfigurationFields, _ original: Int, _ maximum: Int, _ headWidth: Int
  ) throws -> RotaryScaling {
    func divisors(_ name: String) throws -> [Double] {
      let found = try fields.numbers(name)
      guard found.count == headWidth / 2 else {
        throw fields.error(
          name, "has \(found.count) numbers, heads of width \(headWidth) need \(headWidth / 2)")
      }
      return found
    }
    let factor = try fields.number("factor") ?? Double(maximum) / Double(original)
    let attention =
      factor <= 1 ? 1 : (1 + Foundation.log(factor) / Foundation.log(Double(original))).squareRoot()
    return .longRoPE(
      short: try divisors("short_factor"), long: try divisors("long_factor"),
      originalLength: original,
      attentionFactor: try fields.number("attention_factor") ?? attention)
  }
}
