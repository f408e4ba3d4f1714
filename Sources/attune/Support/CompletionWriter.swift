// SPDX-License-Identifier: Apache-2.0

import Feedback
import LanguageModels
import Tokenizers
import Torch

/// Completions of prompts as rows, sampled or searched for.
struct CompletionWriter {
  let policy: LoadedPolicy
  let settings: SamplingSettings
  /// Completions of each prompt.
  let sampleCount: Int
  /// Beams of beam search; 1 for none.
  let beamCount: Int
  private let batchSize: Int
  private let seed: UInt64
  private let lengthPenalty: Double
  private let earlyStopping: BeamSearch.EarlyStopping

  init(
    policy: LoadedPolicy, settings: SamplingSettings, values: GenerationDefaults,
    sampleCount: Int, batchSize: Int, seed: UInt64
  ) {
    self.policy = policy
    self.settings = settings
    self.sampleCount = sampleCount
    self.batchSize = batchSize
    self.seed = seed
    beamCount = values.beamCount ?? 1
    lengthPenalty = values.lengthPenalty ?? 1
    earlyStopping = values.earlyStopping ?? .whenUnlikely
  }

  /// Refuses prompts that leave no room, and warns where completions may be cut.
  func check(_ prompts: [[Int]]) throws {
    let longest = prompts.reduce(0) { max($0, $1.count) }
    if let limit = settings.maxLength, longest >= limit {
      throw UsageError(
        "--max_length: a prompt has \(longest) tokens, which leaves none of \(limit) for its "
          + "completion; use more, or --max_new_tokens")
    }
    policy.warn(ofLength: longest, settings)
  }

  /// Tokens of one completion as they are chosen.
  func stream(_ prompt: [Int], _ onToken: (Int) -> Void) {
    guard beamCount == 1 else {
      search.completions(prompt, seed: seed(0, 0)).first?.completion.ids.forEach(onToken)
      return
    }
    _ = withoutActuallyEscaping(onToken) { onToken in
      sampler.completions([prompt], seeds: [seed(0, 0)]) { onToken($1) }
    }
  }

  /// Prompts with their completions as columns, in order.
  ///
  /// - Parameters:
  ///   - prompts: token ids.
  ///   - first: the number of the first prompt, which seeds depend on.
  /// - Returns: for each completion the number of its prompt, its own, and its columns.
  func rows(
    _ prompts: [[Int]], first: Int
  ) -> [(prompt: Int, sample: Int, columns: JSONObject)] {
    guard beamCount == 1 else {
      return prompts.enumerated().flatMap { index, prompt in
        search.completions(prompt, count: sampleCount, seed: seed(first + index, 0)).enumerated()
          .map { sample, found in
            var columns = columns(found.completion, after: prompt)
            columns["score"] = JSONValue(shortest: found.score)
            return (first + index, sample, columns)
          }
      }
    }
    let draws = prompts.indices.flatMap { prompt in (0..<sampleCount).map { (prompt, $0) } }
    let completions = sampler.completions(
      draws.map { prompts[$0.0] }, seeds: draws.map { seed(first + $0.0, $0.1) })
    return zip(draws, completions).map { draw, completion in
      (first + draw.0, draw.1, columns(completion, after: prompts[draw.0]))
    }
  }

  private var sampler: Sampler {
    Sampler(policy.model, settings, batchSize: batchSize) { policy.tokenizer.decode($0) }
  }

  private var search: BeamSearch {
    BeamSearch(
      policy.model, settings, beamCount: beamCount, lengthPenalty: lengthPenalty,
      earlyStopping: earlyStopping
    ) { policy.tokenizer.decode($0) }
  }

  private func seed(_ prompt: Int, _ sample: Int) -> UInt64 {
    SplitMix(seed, UInt64(prompt), UInt64(sample)).state
  }

  private func columns(_ completion: SampledCompletion, after prompt: [Int]) -> JSONObject {
    let text = policy.tokenizer.decode(completion.ids, after: prompt)
    var columns: JSONObject = [
      "completion": .string(settings.textBeforeStop(text)),
      "ids": .array(completion.ids.map { .integer($0) }),
      "log_probs": .array(completion.logProbs.map { JSONValue(shortest: $0) }),
      "stop_reason": .string(completion.stopReason.rawValue),
    ]
    if settings.alternativeCount > 0 {
      columns["top_logprobs"] = .array(
        completion.alternatives.map { list in
          .array(
            list.map { ["id": .integer($0.id), "log_prob": JSONValue(shortest: $0.logProb)] })
        })
    }
    return columns
  }
}
