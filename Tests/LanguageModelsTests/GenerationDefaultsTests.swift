// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import Testing

@Suite("Generation defaults")
struct GenerationDefaultsTests {
  @Test("every field of a generation configuration reaches the settings")
  func everyField() throws {
    let defaults = try GenerationDefaults(
      json: """
        {"eos_token_id": [2, 7], "pad_token_id": 0, "do_sample": true, "temperature": 0.6, "top_k": 40,
         "top_p": 0.9, "min_p": 0.05, "typical_p": 0.8, "top_h": 0.5, "epsilon_cutoff": 0.001,
         "eta_cutoff": 0.002, "repetition_penalty": 1.1, "presence_penalty": 0.2, "frequency_penalty": 0.3,
         "no_repeat_ngram_size": 3, "bad_words_ids": [[5], [6, 7]], "sequence_bias": [[[8, 9], -2.5]],
         "suppress_tokens": [1, 2], "begin_suppress_tokens": [3], "forced_bos_token_id": 4,
         "forced_eos_token_id": 2, "exponential_decay_length_penalty": [10, 1.05],
         "remove_invalid_values": true, "renormalize_logits": true, "min_length": 5, "min_new_tokens": 6,
         "max_length": 50, "max_new_tokens": 20, "stop_strings": "END", "num_beams": 4,
         "length_penalty": 0.8, "early_stopping": "never", "num_return_sequences": 2,
         "transformers_version": "5.24.0", "use_cache": true, "guidance_scale": null}
        """, named: "a text")
    let settings = defaults.settings(stops: [9])
    #expect(settings.stopTokenIDs == [2, 7, 9])
    #expect(settings.temperature == 0.6 && settings.topK == 40 && settings.topP == 0.9)
    #expect(settings.minP == 0.05 && settings.typicalP == 0.8 && settings.topH == 0.5)
    #expect(settings.epsilonCutoff == 0.001 && settings.etaCutoff == 0.002)
    #expect(settings.repetitionPenalty == 1.1 && settings.presencePenalty == 0.2)
    #expect(settings.frequencyPenalty == 0.3 && settings.noRepeatNGramSize == 3)
    #expect(settings.badWords == [[5], [6, 7]])
    #expect(settings.sequenceBias == [SequenceBias.Entry(ids: [8, 9], bias: -2.5)])
    #expect(settings.suppressedTokenIDs == [1, 2] && settings.beginSuppressedTokenIDs == [3])
    #expect(settings.forcedBOSTokenID == 4 && settings.forcedEOSTokenIDs == [2])
    #expect(settings.lengthDecay == SamplingSettings.LengthDecay(start: 10, factor: 1.05))
    #expect(settings.removesInvalidValues && settings.renormalizes)
    #expect(settings.minLength == 5 && settings.minNewTokens == 6)
    #expect(settings.maxNewTokens == 20 && settings.maxLength == nil)
    #expect(settings.stopStrings == ["END"])
    #expect(defaults.beamCount == 4 && defaults.lengthPenalty == 0.8)
    #expect(defaults.earlyStopping == .never && defaults.returnCount == 2)
    #expect(defaults.ineffective == [])
  }

  @Test("nothing said changes nothing, and do_sample false is greedy")
  func nothing() throws {
    let empty = try GenerationDefaults(json: "{}", named: "a text")
    #expect(empty == GenerationDefaults())
    #expect(empty.settings() == SamplingSettings())
    let greedy = try GenerationDefaults(
      json: #"{"do_sample": false, "temperature": 0.6, "max_length": 30}"#, named: "a text")
    #expect(greedy.settings().isGreedy)
    #expect(greedy.settings().maxLength == 30 && greedy.settings().maxNewTokens == .max)
  }

  @Test("what somebody says goes before what others say, field by field")
  func merging() throws {
    func read(_ json: String) throws -> GenerationDefaults {
      try GenerationDefaults(json: json, named: "a text")
    }
    let first = try read(#"{"temperature": 0.5, "max_length": 30, "eos_token_id": 3}"#)
    let second = try read(
      #"{"temperature": 0.9, "top_k": 7, "max_new_tokens": 5, "eos_token_id": 2, "num_beams": 3}"#)
    let both = first.orElse(second)
    #expect(both.temperature == 0.5 && both.topK == 7 && both.beamCount == 3)
    #expect(both.eosTokenIDs == [3])
    // A length of one kind replaces that of the other kind.
    #expect(both.maxLength == 30 && both.maxNewTokens == nil)
    #expect(second.orElse(first).maxNewTokens == 5)
    // No field is forgotten: nothing or'ed with everything is everything.
    #expect(GenerationDefaults().orElse(second) == second)
    #expect(GenerationDefaults().orElse(first) == first)
  }

  @Test(
    "values that cannot be used are named",
    arguments: [
      (#"{"temperature": "hot"}"#, "temperature: expected a number, found hot"),
      (#"{"top_p": 1.5}"#, "top_p: expected above 0 to 1, found 1.5"),
      (#"{"top_k": 2.5}"#, "top_k: expected a whole number, found 2.5"),
      (#"{"num_beams": 0}"#, "num_beams: expected at least 1, found 0"),
      (#"{"bad_words_ids": [5]}"#, "bad_words_ids: expected a list of lists of token ids"),
      (#"{"bad_words_ids": [[]]}"#, "bad_words_ids: expected sequences of tokens"),
      (#"{"sequence_bias": [[5, 1.0]]}"#, "sequence_bias: expected [token ids, number]"),
      (#"{"exponential_decay_length_penalty": [5]}"#, "expected [tokens, factor]"),
      (#"{"early_stopping": "soon"}"#, "early_stopping: expected true, false or \"never\""),
      (#"{"suppress_tokens": [-1]}"#, "suppress_tokens: expected token ids from 0, found -1"),
      ("[]", "the text: is no JSON object"),
    ])
  func errors(json: String, message: String) {
    do {
      _ = try GenerationDefaults(json: json, named: "a.json")
      Issue.record("no error for \(json)")
    } catch {
      #expect("\(error)".hasPrefix("a.json: "))
      #expect("\(error)".contains(message), "\(error)")
    }
  }

  @Test("fields that ask for what is not done are told, unless they ask for nothing")
  func ineffective() throws {
    let defaults = try GenerationDefaults(
      json: """
        {"guidance_scale": 1.5, "encoder_repetition_penalty": 1.0, "diversity_penalty": 0.0,
         "num_beam_groups": 2, "watermarking_config": {"a": 1}, "max_time": null, "token_healing": false}
        """, named: "a text")
    #expect(defaults.ineffective == ["guidance_scale", "num_beam_groups", "watermarking_config"])
  }
}
