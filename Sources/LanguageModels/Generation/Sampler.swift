// SPDX-License-Identifier: Apache-2.0

/// Draws completions for prompts, many rows at a time, with keys and values kept.
///
/// Each row has a random stream of its own, so a completion depends on the model, its prompt and its seed, not on
/// which rows happen to share the batch.
public struct Sampler {
  /// The policy.
  public let model: any LanguageModel
  /// How to draw.
  public let settings: SamplingSettings
  /// Rows decoded together; a row that ends makes room for the next prompt.
  public let batchSize: Int
  /// Tokens of ended texts kept for prompts that begin as they do; 0 keeps none.
  public let prefixCacheTokens: Int
  /// What else changes scores, behind the settings' own rules and before truncation.
  public let processors: [any LogitsProcessor]
  /// Turns tokens into text; needed where stop strings are.
  public let decode: (([Int]) -> String)?

  /// Room a row has beyond its prompt at first.
  private static let roomAhead = 256

  /// Creates a sampler.
  public init(
    _ model: any LanguageModel, _ settings: SamplingSettings, batchSize: Int = 32,
    prefixCacheTokens: Int = 0, processors: [any LogitsProcessor] = [],
    decode: (([Int]) -> String)? = nil
  ) {
    precondition(
      settings.stopStrings.isEmpty || decode != nil, "sampler: stop strings need a way to decode")
    self.model = model
    self.settings = settings
    self.batchSize = batchSize
    self.prefixCacheTokens = prefixCacheTokens
    self.processors = processors
    self.decode = decode
  }

  /// One completion a prompt, in the order of the prompts.
  ///
  /// - Parameters:
  ///   - prompts: token ids; each at least one token. One as long as the model takes gets an empty completion.
  ///   - seeds: one a prompt; the same seed gives the same draw.
  ///   - onToken: sees each new token with the index of its prompt, for streaming.
  /// - Returns: completions with the log-probabilities they were drawn with.
  public func completions(
    _ prompts: [[Int]], seeds: [UInt64], onToken: ((Int, Int) -> Void)? = nil
  ) -> [SampledCompletion] {
    precondition(prompts.count == seeds.count, "sampler: one seed a prompt")
    var results = [SampledCompletion](repeating: SampledCompletion(), count: prompts.count)
    guard !prompts.isEmpty else { return results }
    let longest = prompts.reduce(0) { max($0, $1.count) }
    let engine = DecodingEngine(
      model, rowCount: min(batchSize, prompts.count),
      capacity: longest + min(settings.maxNewTokens, Self.roomAhead),
      prefixCacheTokens: prefixCacheTokens, processors: processors, decode: decode)
    // Prompts of like length are read together, so little padding is.
    let order = prompts.indices.sorted { (prompts[$0].count, $0) < (prompts[$1].count, $1) }
    for index in order {
      engine.enqueue(
        DecodingRequest(
          id: index, prompt: prompts[index], settings: settings, seed: seeds[index]))
    }
    while !engine.isIdle {
      for event in engine.step() {
        switch event {
        case .token(let index, let token):
          results[index].ids.append(token.id)
          results[index].logProbs.append(token.logProb)
          if settings.alternativeCount > 0 {
            results[index].alternatives.append(token.alternatives)
          }
          onToken?(index, token.id)
        case .finished(let index, let reason): results[index].stopReason = reason
        }
      }
    }
    return results
  }
}
