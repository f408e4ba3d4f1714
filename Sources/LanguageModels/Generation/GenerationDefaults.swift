// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What `generation_config.json` says that has an effect here.
public struct GenerationDefaults: Sendable, Equatable {
  /// Tokens that end a text.
  public var eosTokenIDs: [Int] = []
  /// Padding.
  public var padTokenID: Int?
  /// Whether to sample; greedy otherwise.
  public var samples: Bool?
  /// Sampling temperature.
  public var temperature: Double?
  /// Likeliest tokens kept.
  public var topK: Int?
  /// Probability mass kept.
  public var topP: Double?

  init(eosTokenIDs: [Int], padTokenID: Int?) {
    self.eosTokenIDs = eosTokenIDs
    self.padTokenID = padTokenID
  }

  init(_ fields: ConfigurationFields) throws {
    eosTokenIDs = try fields.integers("eos_token_id") ?? []
    padTokenID = try fields.integer("pad_token_id")
    samples = try fields.flag("do_sample")
    temperature = try fields.number("temperature")
    topK = try fields.integer("top_k")
    topP = try fields.number("top_p")
  }
}

extension ModelFolder {
  /// The folder's generation defaults; those of the configuration where it has no file of its own.
  public func generationDefaults() throws -> GenerationDefaults {
    let file = url.appending(path: "generation_config.json")
    guard FileManager.default.fileExists(atPath: file.path) else {
      return GenerationDefaults(
        eosTokenIDs: configuration.eosTokenIDs, padTokenID: configuration.padTokenID)
    }
    var defaults = try GenerationDefaults(ConfigurationFields(file: file))
    if defaults.eosTokenIDs.isEmpty { defaults.eosTokenIDs = configuration.eosTokenIDs }
    if defaults.padTokenID == nil { defaults.padTokenID = configuration.padTokenID }
    return defaults
  }
}
