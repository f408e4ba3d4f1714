// SPDX-License-Identifier: Apache-2.0
public import Foundation

/// What `generation_config.json`, or anybody else, says about generation; nil where it says nothing.
public struct GenerationDefaults: Sendable, Equatable {
  /// Tokens that end a text.
  public var eosTokenIDs: [Int] = []
  /// Padding; finished rows leave the batch here, so it changes no completion.
  public var padTokenID: Int?
  /// Whether to sample; greedy otherwise.
  public var samples: Bool?
  /// Sampling temperature.
  public var temperature: Double?
  /// Likeliest tokens kept.
  public var topK: Int?
  /// Probability mass kept.
  public var topP: Double?
  /// Share of the likeliest token's probability below which tokens are dropped.
  public var minP: Double?
  /// Mass of tokens of about the expected surprise.
  public var typicalP: Double?
  /// Share of the entropy kept.
  public var topH: Double?
  /// Probability below which tokens are dropped.
  public var epsilonCutoff: Double?
  /// The same, less strict where the distribution is flat.
  public var etaCutoff: Double?
  /// Makes tokens already in the text less likely.
  public var repetitionPenalty: Double?
  /// Taken off tokens the completion has.
  public var presencePenalty: Double?
  /// Taken off tokens for each time the completion has them.
  public var frequencyPenalty: Double?
  /// Runs of this many tokens come once.
  public var noRepeatNGramSize: Int?
  /// Sequences that may not come.
  public var badWords: [[Int]]?
  /// Sequences raised or lowered.
  public var sequenceBias: [SequenceBias.Entry]?
  /// Tokens that may not come.
  public var suppressedTokenIDs: [Int]?
  /// Tokens that may not begin a completion.
  public var beginSuppressedTokenIDs: [Int]?
  /// The token after a prompt of one token.
  public var forcedBOSTokenID: Int?
  /// Tokens that come last at the greatest length.
  public var forcedEOSTokenIDs: [Int]?
  /// Makes ends likelier beyond a length.
  public var lengthDecay: SamplingSettings.LengthDecay?
  /// Whether values that are not finite are replaced.
  public var removesInvalidValues: Bool?
  /// Whether scores are normalized at the end.
  public var renormalizes: Bool?
  /// Least tokens of prompt and completion.
  public var minLength: Int?
  /// Least tokens of a completion.
  public var minNewTokens: Int?
  /// Most tokens of prompt and completion; ``maxNewTokens`` goes before it.
  public var maxLength: Int?
  /// Most tokens of a completion.
  public var maxNewTokens: Int?
  /// Texts that end a completion.
  public var stopStrings: [String]?
  /// Beams of beam search; 1 for none.
  public var beamCount: Int?
  /// Exponent of a beam's length.
  public var lengthPenalty: Double?
  /// When beam search stops.
  public var earlyStopping: BeamSearch.EarlyStopping?
  /// Completions of each prompt.
  public var returnCount: Int?
  /// Fields that ask for something this version does not do.
  public var ineffective: [String] = []

  /// Nothing said.
  public init() {}

  /// Reads a file such as `generation_config.json`.
  ///
  /// - Throws: ``ModelFolderError/badConfiguration(path:field:reason:)`` for a value that cannot be used.
  public init(file: URL) throws {
    try self.init(ConfigurationFields(file: file))
  }

  /// Reads an object of the same fields.
  ///
  /// - Parameters:
  ///   - json: the object's text.
  ///   - name: what errors call it.
  /// - Throws: ``ModelFolderError/badConfiguration(path:field:reason:)`` for a value that cannot be used.
  public init(json: String, named name: String) throws {
    guard let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)),
      let values = object as? [String: Any]
    else {
      throw ModelFolderError.badConfiguration(
        path: name, field: "the text", reason: "is no JSON object")
    }
    try self.init(ConfigurationFields(path: name, values: values))
  }

  /// These values where given, else those of `other`.
  public func orElse(_ other: GenerationDefaults) -> GenerationDefaults {
    var merged = self
    func take<Value>(_ path: WritableKeyPath<GenerationDefaults, Value?>) {
      merged[keyPath: path] = self[keyPath: path] ?? other[keyPath: path]
    }
    for path in [\GenerationDefaults.temperature, \.topP, \.minP, \.typicalP, \.topH] { take(path) }
    for path in [\GenerationDefaults.epsilonCutoff, \.etaCutoff, \.lengthPenalty] { take(path) }
    for path in [\GenerationDefaults.repetitionPenalty, \.presencePenalty, \.frequencyPenalty] {
      take(path)
    }
    for path in [\GenerationDefaults.padTokenID, \.topK, \.noRepeatNGramSize, \.beamCount] {
      take(path)
    }
    for path in [\GenerationDefaults.minLength, \.minNewTokens, \.returnCount, \.forcedBOSTokenID] {
      take(path)
    }
    for path in [\GenerationDefaults.samples, \.removesInvalidValues, \.renormalizes] { take(path) }
    for path in [\GenerationDefaults.suppressedTokenIDs, \.beginSuppressedTokenIDs] { take(path) }
    take(\.forcedEOSTokenIDs)
    take(\.badWords)
    take(\.sequenceBias)
    take(\.lengthDecay)
    take(\.stopStrings)
    take(\.earlyStopping)
    // A length said in either way goes before one said in the other by somebody less important.
    if maxNewTokens == nil, maxLength == nil {
      merged.maxNewTokens = other.maxNewTokens
      merged.maxLength = other.maxLength
    }
    if merged.eosTokenIDs.isEmpty { merged.eosTokenIDs = other.eosTokenIDs }
    merged.ineffective += other.ineffective
    return merged
  }

  /// Settings of these values; what is nil changes nothing.
  ///
  /// - Parameter stops: tokens that end a completion, besides ``eosTokenIDs``.
  /// - Returns: the settings, with temperature 0 where `samples` is false.
  public func settings(stops: Set<Int> = []) -> SamplingSettings {
    var settings = SamplingSettings(
      minNewTokens: minNewTokens ?? 0, temperature: samples == false ? 0 : temperature ?? 1,
      topK: topK ?? 0, topP: topP ?? 1, minP: minP ?? 0,
      repetitionPenalty: repetitionPenalty ?? 1, stopTokenIDs: stops.union(eosTokenIDs),
      stopStrings: stopStrings ?? [])
    if let maxNewTokens {
      settings.maxNewTokens = maxNewTokens
    } else if let maxLength {
      settings.maxNewTokens = .max
      settings.maxLength = maxLength
    }
    settings.minLength = minLength ?? 0
    settings.topH = topH
    settings.typicalP = typicalP ?? 1
    settings.epsilonCutoff = epsilonCutoff ?? 0
    settings.etaCutoff = etaCutoff ?? 0
    settings.presencePenalty = presencePenalty ?? 0
    settings.frequencyPenalty = frequencyPenalty ?? 0
    settings.noRepeatNGramSize = noRepeatNGramSize ?? 0
    settings.badWords = badWords ?? []
    settings.sequenceBias = sequenceBias ?? []
    settings.suppressedTokenIDs = suppressedTokenIDs ?? []
    settings.beginSuppressedTokenIDs = beginSuppressedTokenIDs ?? []
    settings.forcedBOSTokenID = forcedBOSTokenID
    settings.forcedEOSTokenIDs = forcedEOSTokenIDs ?? []
    settings.lengthDecay = lengthDecay
    settings.removesInvalidValues = removesInvalidValues ?? false
    settings.renormalizes = renormalizes ?? false
    return settings
  }
}

extension ModelFolder {
  /// The folder's generation defaults; those of the configuration where it has no file of its own.
  ///
  /// - Throws: ``ModelFolderError/badConfiguration(path:field:reason:)`` for a value that cannot be used.
  public func generationDefaults() throws -> GenerationDefaults {
    var fromConfiguration = GenerationDefaults()
    fromConfiguration.eosTokenIDs = configuration.eosTokenIDs
    fromConfiguration.padTokenID = configuration.padTokenID
    let name = "generation_config.json"
    let file = folder(with: name).appending(path: name)
    guard FileManager.default.fileExists(atPath: file.path) else { return fromConfiguration }
    return try GenerationDefaults(file: file).orElse(fromConfiguration)
  }
}
