// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What `config.json` says about rotary positions.
public struct RotarySettings: Sendable, Equatable {
  /// Base of the frequencies.
  public var theta: Double
  /// Numbers of a head that turn; even, at most the head's width.
  public var width: Int
  /// How the frequencies are stretched.
  public var scaling: RotaryScaling

  /// Settings of a new model.
  public init(theta: Double = 10_000, width: Int, scaling: RotaryScaling = .none) {
    self.theta = theta
    self.width = width
    self.scaling = scaling
  }

  /// Reads the fields of today (`rope_parameters`) and of before transformers 5 (`rope_scaling` and top-level ones).
  ///
  /// - Parameters:
  ///   - fields: the whole configuration.
  ///   - inner: the object with the rotary fields; nil where the file has none.
  ///   - headWidth: K.
  ///   - maximumLength: the longest text.
  ///   - thetaField: the older top-level name of the base.
  ///   - shareField: the older top-level name of the share of a head that turns.
  ///   - theta: the base where no field gives it.
  ///   - share: the share where no field gives it.
  /// - Throws: ``ModelFolderError/badConfiguration(path:field:reason:)``.
  init(
    _ fields: ConfigurationFields, _ inner: ConfigurationFields?, headWidth: Int,
    maximumLength: Int, thetaField: String = "rope_theta",
    shareField: String = "partial_rotary_factor", theta: Double = 10_000, share: Double = 1
  ) throws {
    let base = try inner?.number("rope_theta") ?? fields.number(thetaField) ?? theta
    guard base > 0 else { throw fields.error(thetaField, "expected above 0, found \(base)") }
    let turning =
      try inner?.number("partial_rotary_factor") ?? fields.number(shareField) ?? share
    let width = Int((Double(headWidth) * Swift.min(1, Swift.max(0, turning))).rounded(.down))
    guard width > 0, width.isMultiple(of: 2) else {
      throw fields.error(
        turning == 1 ? "head_dim" : shareField,
        "rotary embedding turns pairs, but \(width) of a head's \(headWidth) numbers would turn; "
          + "is num_attention_heads right?")
    }
    self.init(
      theta: base, width: width,
      scaling: try RotaryScaling(
        inner, maximumLength: maximumLength, rotaryWidth: width,
        originalLength: try fields.integer("original_max_position_embeddings")))
  }

  /// The object with the rotary fields: `rope_scaling` where it is written, as transformers has it.
  static func object(in fields: ConfigurationFields) throws -> ConfigurationFields? {
    try fields.object("rope_scaling") ?? fields.object("rope_parameters")
  }

  /// `rope_parameters` as `config.json` has it.
  func fields(headWidth: Int) -> [String: Any] {
    var all = scaling.fields.merging(["rope_theta": theta]) { $1 }
    if width != headWidth { all["partial_rotary_factor"] = Double(width) / Double(headWidth) }
    return all
  }
}

extension RotaryScaling {
  /// `rope_parameters` without the base.
  var fields: [String: Any] {
    switch self {
    case .none: return ["rope_type": "default"]
    case .linear(let factor): return ["rope_type": "linear", "factor": factor]
    case .dynamic(let factor, _): return ["rope_type": "dynamic", "factor": factor]
    case .yarn(let factor, let original, let fast, let slow, let attentionFactor, let rounds):
      return [
        "rope_type": "yarn", "factor": factor, "original_max_position_embeddings": original,
        "beta_fast": fast, "beta_slow": slow, "attention_factor": attentionFactor,
        "truncate": rounds,
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
  init(
    _ fields: ConfigurationFields?, maximumLength: Int, rotaryWidth: Int, originalLength: Int? = nil
  ) throws {
    guard let fields else {
      self = .none
      return
    }
    let named = try fields.string("rope_type") ?? fields.string("type") ?? "default"
    // Early Phi-3 files call longrope "su" or "yarn".
    let kind = fields.values["short_factor"] is [Any] ? "longrope" : named
    let original =
      try originalLength
      ?? fields.positive("original_max_position_embeddings", default: maximumLength)
    switch kind {
    case "default": self = .none
    case "linear": self = .linear(factor: try fields.required("factor"))
    case "dynamic":
      self = .dynamic(factor: try fields.required("factor"), originalLength: maximumLength)
    case "yarn": self = try RotaryScaling.yarn(fields, original, maximumLength)
    case "llama3":
      self = .llama3(
        factor: try fields.required("factor"), lowFactor: try fields.required("low_freq_factor"),
        highFactor: try fields.required("high_freq_factor"), originalLength: original)
    case "longrope", "su":
      self = try RotaryScaling.longRoPE(fields, original, maximumLength, rotaryWidth)
    default:
      throw fields.error(
        "rope_type",
        "unknown rotary scaling '\(kind)'; known: default, linear, dynamic, yarn, llama3, longrope")
    }
  }

  private static func yarn(
    _ fields: ConfigurationFields, _ original: Int, _ maximum: Int
  ) throws -> RotaryScaling {
    let factor = try fields.number("factor") ?? Double(maximum) / Double(original)
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
      attentionFactor: attention, roundsRange: try fields.flag("truncate") ?? true)
  }

  private static func longRoPE(
    _ fields: ConfigurationFields, _ original: Int, _ maximum: Int, _ width: Int
  ) throws -> RotaryScaling {
    func divisors(_ name: String) throws -> [Double] {
      let found = try fields.numbers(name)
      guard found.count == width / 2, found.allSatisfy({ $0 > 0 }) else {
        throw fields.error(
          name,
          "has \(found.count) numbers; heads of which \(width) numbers turn need \(width / 2), "
            + "all above 0")
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
