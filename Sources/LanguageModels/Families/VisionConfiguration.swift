// SPDX-License-Identifier: Apache-2.0

/// Which image encoder.
public struct VisionFamily: Sendable, Equatable {
  /// `model_type` in `vision_config`.
  public let modelType: String
  /// A vector stands before the patches, and a norm before the blocks; patches have no bias.
  let hasClassToken: Bool
  /// Fields of `vision_config` where a file lacks them.
  let defaults: [String: any Sendable]

  /// Families are told apart by their `model_type`.
  public static func == (a: VisionFamily, b: VisionFamily) -> Bool { a.modelType == b.modelType }

  /// The image encoder of CLIP.
  public static let clip = VisionFamily(
    modelType: "clip_vision_model", hasClassToken: true,
    defaults: [
      "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
      "num_attention_heads": 12, "num_channels": 3, "image_size": 224, "patch_size": 32,
      "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5, "vision_use_head": false,
    ])

  /// The image encoder of SigLIP.
  public static let siglip = VisionFamily(
    modelType: "siglip_vision_model", hasClassToken: false,
    defaults: [
      "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
      "num_attention_heads": 12, "num_channels": 3, "image_size": 224, "patch_size": 16,
      "hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-6, "vision_use_head": true,
    ])

  /// Those known, by `model_type`.
  static let all = [clip, siglip].reduce(into: [String: VisionFamily]()) { $0[$1.modelType] = $1 }
}

/// The shape of an image encoder, from `vision_config`.
public struct VisionConfiguration: Sendable, Equatable {
  /// Which encoder.
  public var family: VisionFamily
  /// Width of the states.
  public var width: Int
  /// Width inside the feed-forward part.
  public var hiddenWidth: Int
  /// Blocks.
  public var layerCount: Int
  /// Heads; divides the width.
  public var headCount: Int
  /// Pixels of an image's side.
  public var imageSize: Int
  /// Pixels of a patch's side.
  public var patchSize: Int
  /// ε of the norms.
  public var normEpsilon: Double
  /// Activation of the feed-forward part.
  public var activation: Activation
  /// Whether the checkpoint holds a head that reads whole images (SigLIP).
  public var hasPoolingHead: Bool

  /// A new shape.
  public init(
    family: VisionFamily, width: Int, hiddenWidth: Int, layerCount: Int, headCount: Int,
    imageSize: Int, patchSize: Int
  ) {
    self.family = family
    self.width = width
    self.hiddenWidth = hiddenWidth
    self.layerCount = layerCount
    self.headCount = headCount
    self.imageSize = imageSize
    self.patchSize = patchSize
    normEpsilon = family.defaults["layer_norm_eps"] as? Double ?? 1e-5
    activation =
      (family.defaults["hidden_act"] as? String).flatMap(Activation.init(rawValue:)) ?? .gelu
    hasPoolingHead = false
  }

  /// Patches of an image.
  public var patchCount: Int { (imageSize / patchSize) * (imageSize / patchSize) }

  /// Patches and the class token.
  var positionCount: Int { patchCount + (family.hasClassToken ? 1 : 0) }

  /// Reads `vision_config`.
  ///
  /// - Throws: ``ModelFolderError/badConfiguration(path:field:reason:)``.
  init(_ file: ConfigurationFields) throws {
    let name = try file.string("model_type") ?? VisionFamily.clip.modelType
    guard let family = VisionFamily.all[name] else {
      throw file.error(
        "model_type",
        "unknown image encoder '\(name)'; known: \(VisionFamily.all.keys.sorted().joined(separator: ", "))"
      )
    }
    let fields = file.filled(with: family.defaults)
    let width = try fields.size("hidden_size")
    let headCount = try fields.size("num_attention_heads")
    try fields.requireMultiple("hidden_size", width, of: "num_attention_heads", headCount)
    let channelCount = try fields.size("num_channels")
    guard channelCount == 3 else {
      throw fields.error(
        "num_channels", "images have 3 channels here, the file says \(channelCount)")
    }
    self.init(
      family: family, width: width, hiddenWidth: try fields.size("intermediate_size"),
      layerCount: try fields.layerCount("num_hidden_layers"), headCount: headCount,
      imageSize: try fields.size("image_size"), patchSize: try fields.size("patch_size"))
    guard imageSize >= patchSize, imageSize <= 1 << 16 else {
      throw fields.error(
        "image_size",
        "\(imageSize) pixels in patches of \(patchSize); expected \(patchSize) to 65536")
    }
    normEpsilon = try fields.required("layer_norm_eps")
    activation = try fields.activation("hidden_act")
    hasPoolingHead = try fields.flag("vision_use_head") ?? false
  }

  /// The fields as `vision_config` has them.
  var fields: [String: Any] {
    [
      "model_type": family.modelType, "hidden_size": width, "intermediate_size": hiddenWidth,
      "num_hidden_layers": layerCount, "num_attention_heads": headCount, "num_channels": 3,
      "image_size": imageSize, "patch_size": patchSize, "layer_norm_eps": normEpsilon,
      "hidden_act": activation.rawValue, "vision_use_head": hasPoolingHead,
    ]
  }
}
