// SPDX-License-Identifier: Apache-2.0
public import Torch

extension SamplingSettings {
  /// Everything these settings do to scores, in the order it is done, with what never changes made once.
  ///
  /// The order is that of Hugging Face transformers: sequence bias, repetition, (presence and frequency,) n-grams, bad
  /// words, least length, forced tokens, finite values, length decay, suppressed tokens, `others`; then, unless the
  /// settings are greedy: temperature, top-h, top-k, top-p, min-p, typical, epsilon, eta; normalization.
  ///
  /// - Parameters:
  ///   - vocabularyCount: V.
  ///   - device: where the scores are.
  ///   - others: processors of the caller's own.
  ///   - minimumKept: tokens that truncation keeps in any case; above 1 for beams that are sampled.
  /// - Returns: the processors that change anything.
  public func processors(
    vocabularyCount: Int, device: Device, others: [any LogitsProcessor] = [], minimumKept: Int = 1
  ) -> [any LogitsProcessor] {
    constraints(vocabularyCount, device) + others
      + (isGreedy ? [] : truncations(max(1, minimumKept)))
      + (renormalizes ? [NormalizedScores()] : [])
  }

  private func constraints(
    _ vocabularyCount: Int, _ device: Device
  ) -> [any LogitsProcessor] {
    var list: [any LogitsProcessor] = []
    if !sequenceBias.isEmpty {
      list.append(
        SequenceBias(sequenceBias, vocabularyCount: vocabularyCount, device: device))
    }
    if repetitionPenalty != 1 { list.append(RepetitionPenalty(repetitionPenalty)) }
    if presencePenalty != 0 || frequencyPenalty != 0 {
      list.append(CountPenalty(presence: presencePenalty, frequency: frequencyPenalty))
    }
    if noRepeatNGramSize > 0 { list.append(NoRepeatNGrams(size: noRepeatNGramSize)) }
    if !badWords.isEmpty {
      list.append(
        SequenceBias(
          forbidding: badWords, except: stopTokenIDs, vocabularyCount: vocabularyCount,
          device: device))
    }
    if minLength > 0 || minNewTokens > 0, !stopTokenIDs.isEmpty {
      list.append(
        MinimumLength(
          total: minLength, new: minNewTokens, ends: stopTokenIDs,
          vocabularyCount: vocabularyCount, device: device))
    }
    if forcedBOSTokenID != nil || !forcedEOSTokenIDs.isEmpty {
      list.append(
        ForcedTokens(
          beginning: forcedBOSTokenID, end: forcedEOSTokenIDs, vocabularyCount: vocabularyCount,
          device: device))
    }
    if removesInvalidValues { list.append(FiniteScores()) }
    if let lengthDecay {
      list.append(
        ExponentialLengthDecay(
          start: lengthDecay.start, factor: lengthDecay.factor, ends: stopTokenIDs,
          device: device))
    }
    if !suppressedTokenIDs.isEmpty || !beginSuppressedTokenIDs.isEmpty {
      list.append(
        SuppressedTokens(
          always: suppressedTokenIDs, first: beginSuppressedTokenIDs,
          beginningIsForced: forcedBOSTokenID != nil, vocabularyCount: vocabularyCount,
          device: device))
    }
    return list
  }

  private func truncations(_ minimumKept: Int) -> [any LogitsProcessor] {
    var list: [any LogitsProcessor] = []
    if temperature != 1 { list.append(Temperature(temperature)) }
    if let topH { list.append(TopH(topH)) }
    if topK > 0 { list.append(TopK(max(topK, minimumKept))) }
    if topP < 1 { list.append(TopP(topP, minimumKept: minimumKept)) }
    if minP > 0 { list.append(MinP(minP, minimumKept: minimumKept)) }
    if typicalP < 1 { list.append(Typical(typicalP, minimumKept: minimumKept)) }
    if epsilonCutoff > 0 { list.append(EpsilonCutoff(epsilonCutoff, minimumKept: minimumKept)) }
    if etaCutoff > 0 { list.append(EtaCutoff(etaCutoff, minimumKept: minimumKept)) }
    return list
  }
}
