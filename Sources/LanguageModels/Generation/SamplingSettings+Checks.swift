// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a request for text.
public enum GenerationError: Error, Equatable, CustomStringConvertible {
  /// A setting cannot be used; `option` is its name in `generation_config.json`.
  case badSetting(option: String, problem: String)
  /// A prompt cannot be read.
  case badPrompt(problem: String)

  /// The message for a person.
  public var description: String {
    switch self {
    case .badSetting(let option, let problem): "\(option): \(problem)"
    case .badPrompt(let problem): "the prompt \(problem)"
    }
  }
}

extension SamplingSettings {
  /// Checks that every setting can be used.
  ///
  /// - Parameter vocabularyCount: tokens the model knows; nil does not check token ids against it.
  /// - Throws: ``GenerationError/badSetting(option:problem:)`` for the first that cannot.
  public func validate(vocabularyCount: Int? = nil) throws {
    try Self.require("max_new_tokens", maxNewTokens > 0, "at least 1", maxNewTokens)
    try Self.require("min_new_tokens", minNewTokens >= 0, "at least 0", minNewTokens)
    try Self.require("max_length", (maxLength ?? 1) > 0, "at least 1", maxLength ?? 0)
    try Self.require("min_length", minLength >= 0, "at least 0", minLength)
    try checkTruncation()
    try checkPenalties()
    try Self.require("top_logprobs", alternativeCount >= 0, "at least 0", alternativeCount)
    if stopStrings.contains("") {
      throw GenerationError.badSetting(
        option: "stop_strings", problem: "expected texts, found an empty one")
    }
    try checkTokens(vocabularyCount)
  }

  private func checkTruncation() throws {
    try Self.require(
      "temperature", temperature >= 0 && temperature.isFinite, "at least 0", temperature)
    try Self.require("top_h", (topH ?? 1) > 0 && (topH ?? 1) <= 1, "above 0 to 1", topH ?? 0)
    try Self.require("top_k", topK >= 0, "at least 0", topK)
    try Self.require("top_p", topP > 0 && topP <= 1, "above 0 to 1", topP)
    try Self.require("min_p", minP >= 0 && minP < 1, "0 to below 1", minP)
    try Self.require("typical_p", typicalP > 0 && typicalP <= 1, "above 0 to 1", typicalP)
    try Self.require(
      "epsilon_cutoff", epsilonCutoff >= 0 && epsilonCutoff < 1, "0 to below 1", epsilonCutoff)
    try Self.require("eta_cutoff", etaCutoff >= 0 && etaCutoff < 1, "0 to below 1", etaCutoff)
  }

  private func checkPenalties() throws {
    try Self.require(
      "repetition_penalty", repetitionPenalty > 0 && repetitionPenalty.isFinite, "above 0",
      repetitionPenalty)
    try Self.require("presence_penalty", presencePenalty.isFinite, "a number", presencePenalty)
    try Self.require("frequency_penalty", frequencyPenalty.isFinite, "a number", frequencyPenalty)
    try Self.require(
      "no_repeat_ngram_size", noRepeatNGramSize >= 0, "at least 0", noRepeatNGramSize)
    let factor = lengthDecay?.factor ?? 1
    try Self.require(
      "exponential_decay_length_penalty", factor > 0 && factor.isFinite, "a factor above 0", factor)
  }

  private func checkTokens(_ vocabularyCount: Int?) throws {
    let sequences = [("bad_words_ids", badWords), ("sequence_bias", sequenceBias.map(\.ids))]
    for (option, list) in sequences where list.contains([]) {
      throw GenerationError.badSetting(
        option: option, problem: "expected sequences of tokens, found an empty one")
    }
    guard sequenceBias.allSatisfy({ !$0.bias.isNaN && $0.bias < .infinity }) else {
      throw GenerationError.badSetting(
        option: "sequence_bias", problem: "expected numbers, found one that is not finite")
    }
    let ids: [(String, [Int])] = [
      ("bad_words_ids", badWords.flatMap { $0 }), ("sequence_bias", sequenceBias.flatMap(\.ids)),
      ("suppress_tokens", suppressedTokenIDs), ("begin_suppress_tokens", beginSuppressedTokenIDs),
      ("forced_bos_token_id", forcedBOSTokenID.map { [$0] } ?? []),
      ("forced_eos_token_id", forcedEOSTokenIDs),
    ]
    for (option, list) in ids {
      for id in list where id < 0 || id >= vocabularyCount ?? .max {
        throw GenerationError.badSetting(
          option: option,
          problem: vocabularyCount.map {
            "expected token ids from 0 to \($0 - 1), the model's vocabulary, found \(id)"
          } ?? "expected token ids from 0, found \(id)")
      }
    }
  }

  private static func require(
    _ option: String, _ holds: Bool, _ expected: String, _ found: some CustomStringConvertible
  ) throws {
    guard !holds else { return }
    throw GenerationError.badSetting(
      option: option, problem: "expected \(expected), found \(found)")
  }
}
