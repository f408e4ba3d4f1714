// SPDX-License-Identifier: Apache-2.0
import Foundation

extension GenerationDefaults {
  init(_ fields: ConfigurationFields) throws {
    eosTokenIDs = try fields.integers("eos_token_id") ?? []
    padTokenID = try fields.integer("pad_token_id")
    samples = try fields.flag("do_sample")
    try readTruncation(fields)
    try readPenalties(fields)
    try readTokens(fields)
    try readLengths(fields)
    try readBeams(fields)
    ineffective = Self.ineffective(fields)
    do {
      try settings().validate()
    } catch GenerationError.badSetting(let option, let problem) {
      throw fields.error(option, problem)
    }
  }

  private mutating func readTruncation(_ fields: ConfigurationFields) throws {
    temperature = try fields.number("temperature")
    topK = try fields.integer("top_k")
    topP = try fields.number("top_p")
    minP = try fields.number("min_p")
    typicalP = try fields.number("typical_p")
    topH = try fields.number("top_h")
    epsilonCutoff = try fields.number("epsilon_cutoff")
    etaCutoff = try fields.number("eta_cutoff")
  }

  private mutating func readPenalties(_ fields: ConfigurationFields) throws {
    repetitionPenalty = try fields.number("repetition_penalty")
    presencePenalty = try fields.number("presence_penalty")
    frequencyPenalty = try fields.number("frequency_penalty")
    noRepeatNGramSize = try fields.integer("no_repeat_ngram_size")
    removesInvalidValues = try fields.flag("remove_invalid_values")
    renormalizes = try fields.flag("renormalize_logits")
    let name = "exponential_decay_length_penalty"
    guard let raw = fields.given(name) else { return }
    guard let pair = raw as? [Any], pair.count == 2, let start = pair[0] as? Int,
      let factor = pair[1] as? Double
    else { throw fields.error(name, "expected [tokens, factor], found \(raw)") }
    lengthDecay = SamplingSettings.LengthDecay(start: start, factor: factor)
  }

  private mutating func readTokens(_ fields: ConfigurationFields) throws {
    suppressedTokenIDs = try fields.integers("suppress_tokens")
    beginSuppressedTokenIDs = try fields.integers("begin_suppress_tokens")
    forcedBOSTokenID = try fields.integer("forced_bos_token_id")
    forcedEOSTokenIDs = try fields.integers("forced_eos_token_id")
    if let raw = fields.given("bad_words_ids") {
      guard let list = raw as? [[Int]] else {
        throw fields.error("bad_words_ids", "expected a list of lists of token ids, found \(raw)")
      }
      badWords = list
    }
    if let raw = fields.given("sequence_bias") {
      guard let list = raw as? [[Any]] else {
        throw fields.error("sequence_bias", "expected a list of [token ids, number], found \(raw)")
      }
      sequenceBias = try list.map { pair in
        guard pair.count == 2, let ids = pair[0] as? [Int], let bias = pair[1] as? Double else {
          throw fields.error("sequence_bias", "expected [token ids, number], found \(pair)")
        }
        return SequenceBias.Entry(ids: ids, bias: bias)
      }
    }
    if let raw = fields.given("stop_strings") {
      guard let list = (raw as? String).map({ [$0] }) ?? raw as? [String] else {
        throw fields.error("stop_strings", "expected a text or a list of texts, found \(raw)")
      }
      stopStrings = list
    }
  }

  private mutating func readLengths(_ fields: ConfigurationFields) throws {
    minLength = try fields.integer("min_length")
    minNewTokens = try fields.integer("min_new_tokens")
    maxLength = try fields.integer("max_length")
    maxNewTokens = try fields.integer("max_new_tokens")
  }

  private mutating func readBeams(_ fields: ConfigurationFields) throws {
    beamCount = try fields.integer("num_beams")
    lengthPenalty = try fields.number("length_penalty")
    returnCount = try fields.integer("num_return_sequences")
    for (name, count) in [("num_beams", beamCount), ("num_return_sequences", returnCount)] {
      guard (count ?? 1) > 0 else {
        throw fields.error(name, "expected at least 1, found \(count ?? 0)")
      }
    }
    guard let raw = fields.given("early_stopping") else { return }
    guard let value = BeamSearch.EarlyStopping("\(raw)") else {
      throw fields.error("early_stopping", "expected true, false or \"never\", found \(raw)")
    }
    earlyStopping = value
  }

  /// Fields that ask for something which is not done here.
  private static func ineffective(_ fields: ConfigurationFields) -> [String] {
    let neutral: [String: Double] = [
      "guidance_scale": 1, "encoder_repetition_penalty": 1, "encoder_no_repeat_ngram_size": 0,
      "num_beam_groups": 1, "diversity_penalty": 0, "penalty_alpha": 0, "token_healing": 0,
    ]
    let unknown = [
      "force_words_ids", "constraints", "watermarking_config", "dola_layers", "max_time",
    ]
    return neutral.keys.sorted().filter { name in
      guard let value = fields.given(name) else { return false }
      return value as? Double != neutral[name]
    } + unknown.filter { fields.given($0) != nil }
  }
}

extension BeamSearch.EarlyStopping {
  /// Reads "true", "false" or "never", as `early_stopping` has it.
  public init?(_ text: String) {
    switch text.lowercased() {
    case "true", "1": self = .whenFull
    case "false", "0": self = .whenUnlikely
    case "never": self = .never
    default: return nil
    }
  }
}

extension ConfigurationFields {
  /// A field that stands there and is not null.
  fileprivate func given(_ field: String) -> Any? {
    values[field].flatMap { $0 is NSNull ? nil : $0 }
  }
}
