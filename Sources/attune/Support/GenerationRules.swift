// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LanguageModels

/// Which tokens sampling may draw.
struct TruncationOptions: ParsableArguments {
  @Option(
    name: .customLong("top_p"),
    help: ArgumentHelp(
      "Keep the likeliest tokens of this total probability. By default the folder's, else 1.",
      valueName: "share"))
  var topP: Double?

  @Option(
    name: .customLong("top_k"),
    help: ArgumentHelp(
      "Keep this many likeliest tokens; 0 keeps all. By default the folder's, else 0.",
      valueName: "count"))
  var topK: Int?

  @Option(
    name: .customLong("min_p"),
    help: ArgumentHelp(
      "Drop tokens below this share of the likeliest; 0 drops none.", valueName: "share"))
  var minP: Double?

  @Option(
    name: .customLong("typical_p"),
    help: ArgumentHelp(
      "Keep the tokens of about the expected surprise, of this total probability.",
      valueName: "share"))
  var typicalP: Double?

  @Option(
    name: .customLong("top_h"),
    help: ArgumentHelp(
      "Keep the likeliest tokens with this share of the entropy.", valueName: "share"))
  var topH: Double?

  @Option(
    name: .customLong("epsilon_cutoff"),
    help: ArgumentHelp("Drop tokens below this probability.", valueName: "probability"))
  var epsilonCutoff: Double?

  @Option(
    name: .customLong("eta_cutoff"),
    help: ArgumentHelp(
      "Drop tokens below this probability, fewer where the choice is open.",
      valueName: "probability"))
  var etaCutoff: Double?

  /// Puts what is given into values.
  func apply(to values: inout GenerationDefaults) {
    values.topP = topP
    values.topK = topK
    values.minP = minP
    values.typicalP = typicalP
    values.topH = topH
    values.epsilonCutoff = epsilonCutoff
    values.etaCutoff = etaCutoff
  }
}

/// What makes tokens less likely, or impossible.
struct PenaltyOptions: ParsableArguments {
  @Option(
    name: .customLong("repetition_penalty"),
    help: ArgumentHelp(
      "Above 1 makes tokens already in the text less likely.", valueName: "number"))
  var repetitionPenalty: Double?

  @Option(
    name: .customLong("presence_penalty"),
    help: ArgumentHelp(
      "Taken off the logit of tokens the completion already has.", valueName: "number"))
  var presencePenalty: Double?

  @Option(
    name: .customLong("frequency_penalty"),
    help: ArgumentHelp(
      "Taken off the logit of a token for each time the completion has it.", valueName: "number"))
  var frequencyPenalty: Double?

  @Option(
    name: .customLong("no_repeat_ngram_size"),
    help: ArgumentHelp(
      "Let no run of this many tokens come twice; 0 lets all.", valueName: "tokens"))
  var noRepeatNGramSize: Int?

  @Option(
    name: .customLong("bad_words_ids"),
    help: ArgumentHelp(
      "Sequences of token ids that may not come, such as [[5], [7, 9]].", valueName: "json"))
  var badWords: String?

  @Option(
    name: .customLong("sequence_bias"),
    help: ArgumentHelp(
      "Sequences of token ids and what is added to the last one's logit, such as [[[7, 9], -2.5]].",
      valueName: "json"))
  var sequenceBias: String?

  @Option(
    name: .customLong("suppress_tokens"),
    help: ArgumentHelp("Token ids that may not come.", valueName: "ids"))
  var suppressed: [Int] = []

  @Option(
    name: .customLong("begin_suppress_tokens"),
    help: ArgumentHelp("Token ids that may not begin a completion.", valueName: "ids"))
  var beginSuppressed: [Int] = []

  @Option(
    name: .customLong("forced_bos_token_id"),
    help: ArgumentHelp("The token after a prompt of one token.", valueName: "id"))
  var forcedBOS: Int?

  @Option(
    name: .customLong("forced_eos_token_id"),
    help: ArgumentHelp(
      "Token ids of which one comes last where a text reaches its greatest length.",
      valueName: "ids"))
  var forcedEOS: [Int] = []

  @Option(
    name: .customLong("exponential_decay_length_penalty"),
    help: ArgumentHelp(
      "Make ends of text likelier from a length on, by a factor a token, such as [50, 1.05].",
      valueName: "json"))
  var lengthDecay: String?

  /// What is given.
  ///
  /// - Throws: ``ModelFolderError/badConfiguration(path:field:reason:)`` for a value that is no such JSON.
  func values() throws -> GenerationDefaults {
    let texts = [
      ("bad_words_ids", badWords), ("sequence_bias", sequenceBias),
      ("exponential_decay_length_penalty", lengthDecay),
    ]
    var values = GenerationDefaults()
    for case (let name, let text?) in texts {
      do {
        values = values.orElse(
          try GenerationDefaults(json: "{\"\(name)\": \(text)}", named: "the command line"))
      } catch ModelFolderError.badConfiguration(let path, "the text", _) {
        throw ModelFolderError.badConfiguration(
          path: path, field: name, reason: "expected JSON, found \(text)")
      }
    }
    values.repetitionPenalty = repetitionPenalty
    values.presencePenalty = presencePenalty
    values.frequencyPenalty = frequencyPenalty
    values.noRepeatNGramSize = noRepeatNGramSize
    values.suppressedTokenIDs = suppressed.isEmpty ? nil : suppressed
    values.beginSuppressedTokenIDs = beginSuppressed.isEmpty ? nil : beginSuppressed
    values.forcedBOSTokenID = forcedBOS
    values.forcedEOSTokenIDs = forcedEOS.isEmpty ? nil : forcedEOS
    return values
  }
}

/// Beam search, and what is told of each token.
struct SearchOptions: ParsableArguments {
  @Option(
    name: .customLong("num_beams"),
    help: ArgumentHelp(
      "Beginnings kept side by side in beam search; 1 does without.", valueName: "count"))
  var beamCount: Int?

  @Option(
    name: .customLong("length_penalty"),
    help: ArgumentHelp(
      "Exponent of the length that divides a beam's score; above 0 prefers long completions.",
      valueName: "number"))
  var lengthPenalty: Double?

  @Option(
    name: .customLong("early_stopping"),
    help: ArgumentHelp(
      "true ends a search once all beams have ended, never once none can be beaten, false between.",
      valueName: "true|false|never"))
  var earlyStopping: String?

  @Option(
    name: .customLong("top_logprobs"),
    help: ArgumentHelp(
      "With --json: the likeliest tokens in the place of each one, this many.", valueName: "count"))
  var alternativeCount: Int = 0

  func validate() throws {
    guard (beamCount ?? 1) > 0 else {
      throw ValidationError("--num_beams: expected at least 1, found \(beamCount ?? 0)")
    }
    guard alternativeCount >= 0 else {
      throw ValidationError("--top_logprobs: expected at least 0, found \(alternativeCount)")
    }
    guard earlyStopping.map({ BeamSearch.EarlyStopping($0) != nil }) ?? true else {
      throw ValidationError(
        "--early_stopping: expected true, false or never, found \"\(earlyStopping ?? "")\"")
    }
    guard alternativeCount == 0 || (beamCount ?? 1) == 1 else {
      throw ValidationError("--top_logprobs: beam search tells none; leave out one of them")
    }
  }

  /// Puts what is given into values; a search for the best is meant where nobody speaks of sampling.
  func apply(to values: inout GenerationDefaults) {
    if let beamCount { values.beamCount = beamCount }
    if let lengthPenalty { values.lengthPenalty = lengthPenalty }
    if let earlyStopping { values.earlyStopping = BeamSearch.EarlyStopping(earlyStopping) }
    if values.beamCount ?? 1 > 1 { values.samples = values.samples ?? false }
  }
}
