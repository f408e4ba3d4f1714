// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The shape of a LLaVA, from `config.json`: an image encoder, a projector, and a decoder of any text family.
public struct LlavaConfiguration: ModelShape {
  /// The image encoder.
  public var vision: VisionConfiguration
  /// The decoder.
  public var text: ModelConfiguration
  /// The token that holds the place of a patch.
  public var imageTokenID: Int
  /// Depths of the encoder whose states are read: 0 for what its first block reads, i for what block i gives.
  public var featureDepths: [Int]
  /// Whether the first vector of an image, CLIP's class token, is left out.
  public var dropsFirst: Bool
  /// Activation of the projector.
  public var projectorActivation: Activation
  /// Biases in the projector.
  public var hasProjectorBias: Bool

  /// A new shape; what is not given is as in LLaVA 1.5: the states before the encoder's last block, without the
  /// class token.
  public init(vision: VisionConfiguration, text: ModelConfiguration, imageTokenID: Int) {
    self.vision = vision
    self.text = text
    self.imageTokenID = imageTokenID
    featureDepths = [max(0, vision.layerCount - 1)]
    dropsFirst = vision.family.hasClassToken
    projectorActivation = .gelu
    hasProjectorBias = true
  }

  /// Vectors an image gives, each in the place of one image token.
  public var tokensPerImage: Int { vision.positionCount - (dropsFirst ? 1 : 0) }

  /// Fields of `vision_config` where a file has no such object.
  private static let standardVision: [String: any Sendable] = [
    "model_type": "clip_vision_model", "intermediate_size": 4096, "hidden_size": 1024,
    "patch_size": 14, "image_size": 336, "num_hidden_layers": 24, "num_attention_heads": 16,
  ]

  /// Reads the fields of `config.json`.
  ///
  /// - Throws: ``ModelFolderError``.
  init(_ configuration: ModelConfiguration) throws {
    let fields = configuration.fields
    let vision = try VisionConfiguration(
      fields.object("vision_config")
        ?? ConfigurationFields(
          path: fields.path, prefix: "vision_config.",
          values: Self.standardVision.mapValues { $0 as Any }))
    let text = try configuration.part("text_config", standardFamily: "llama")
    let tokenField = fields.values["image_token_id"] == nil ? "image_token_index" : "image_token_id"
    self.init(
      vision: vision, text: text, imageTokenID: try fields.integer(tokenField) ?? 32000)
    if let count = text.vocabularyCount, !(0..<count).contains(imageTokenID) {
      throw fields.error(
        tokenField, "\(imageTokenID) is no token of the decoder, which knows \(count)")
    }
    featureDepths = try Self.depths(fields, vision)
    let strategy = try fields.string("vision_feature_select_strategy") ?? "default"
    guard ["default", "full"].contains(strategy) else {
      throw fields.error(
        "vision_feature_select_strategy", "unknown strategy '\(strategy)'; known: default, full")
    }
    dropsFirst = strategy == "default"
    projectorActivation =
      try fields.string("projector_hidden_act") == nil
      ? .gelu : fields.activation("projector_hidden_act")
    hasProjectorBias = try fields.flag("multimodal_projector_bias") ?? true
  }

  private static func depths(
    _ fields: ConfigurationFields, _ vision: VisionConfiguration
  ) throws -> [Int] {
    let field = "vision_feature_layer"
    let states = vision.layerCount + 1
    let layers = try fields.integers(field) ?? [-2]
    guard !layers.isEmpty, layers.allSatisfy({ (-states..<states).contains($0) }) else {
      throw fields.error(
        field,
        "\(layers): the encoder has \(states) states, numbered 0 to \(states - 1) or from the "
          + "end -1 to -\(states)")
    }
    return layers.map { $0 < 0 ? $0 + states : $0 }
  }

  /// The fields as `config.json` has them.
  public var fields: [String: Any] {
    let depths = featureDepths.map { $0 - vision.layerCount - 1 }
    return [
      "model_type": "llava", "vision_config": vision.fields, "text_config": text.fields.values,
      "image_token_index": imageTokenID, "image_seq_length": tokensPerImage,
      "vision_feature_layer": depths.count == 1 ? depths[0] as Any : depths,
      "vision_feature_select_strategy": dropsFirst ? "default" : "full",
      "projector_hidden_act": projectorActivation.rawValue,
      "multimodal_projector_bias": hasProjectorBias,
      "tie_word_embeddings": text.fields.values["tie_word_embeddings"] as? Bool ?? false,
    ]
  }
}
