// SPDX-License-Identifier: Apache-2.0
import Torch

/// Draws completions for prompts, many rows at a time, with keys and values kept.
///
/// Each row has a random stream of its own, so a completion depends on the model, its prompt and its seed, not on
/// which rows happen to share the batch.
public struct Sampler {
  /// The policy.
  public let model: any LanguageModel
  /// How to draw.
  public let settings: SamplingSettings
  /// Rows decoded together.
  public let batchSize: Int
  /// Turns tokens into text; needed where stop strings are.
  public let decode: (([Int]) -> String)?

  /// Creates a sampler.
  public init(
    _ model: any LanguageModel, _ settings: SamplingSettings, batchSize: Int = 32,
    decode: (([Int]) -> String)? = nil
  ) {
    precondition(
      settings.stopStrings.isEmpty || decode != nil, "sampler: stop strings need a way to decode")
    self.model = model
    self.settings = settings
    self.batchSize = batchSize
    self.decode = decode
  }

  /// One completion a prompt, in the order of the prompts.
  ///
  /// - Parameters:
  ///   - prompts: token ids; each at least one token.
  ///   - seeds: one a prompt; the same seed gives the same draw.
  ///   - onToken: sees each new token with the index of its prompt, for streaming.
  /// - Returns: completions with the log-probabilities they were drawn with.
  public func completions(
    _ prompts: [[Int]], seeds: [UInt64], onToken: ((Int, Int) -> Void)? = nil
  ) -> [SampledCompletion] {
    precondition(prompts.count == seeds.count, "sampler: one seed a prompt")
    // Prompts of like length share a batch, so little padding is read.
    let order = prompts.indices.sorted { (prompts[$0].count, $0) < (prompts[$1].count, $1) }
    var results = [SampledCompletion](repeating: SampledCompletion(), count: prompts.count)
    var start = 0
    while start < order.count {
      let rows = Array(order[start..<min(order.count, start + batchSize)])
      withoutGrad {
        var decoding = Decoding(rows: rows, prompts: prompts, seeds: seeds, sampler: self)
        decoding.run(onToken)
        for (row, completion) in zip(rows, decoding.completions) { results[row] = completion }
      }
      start += batchSize
    }
    return results
  }
}

/// One batch on its way: rows leave as they finish.
private struct Decoding {
  var completions: [SampledCompletion]
  private let sampler: Sampler
  private let prompts: [[Int]]
  private let promptIndices: [Int]
  private var generators: [SplitMix]
  private let cache: KVCache
  /// Texts still decoded, as places in `completions`.
  private var live: [Int]
  /// Rows of the cache that still grow.
  private var growing: [Bool]
  private let longest: Int

  init(rows: [Int], prompts: [[Int]], seeds: [UInt64], sampler: Sampler) {
    self.sampler = sampler
    promptIndices = rows
    self.prompts = rows.map { prompts[$0] }
    completions = rows.map { _ in SampledCompletion() }
    generators = rows.map { SplitMix(seed: seeds[$0]) }
    live = Array(rows.indices)
    growing = rows.map { _ in true }
    let longestPrompt = self.prompts.reduce(0) { max($0, $1.count) }
    longest = longestPrompt
    cache = sampler.model.makeCache(
      rowCount: rows.count, capacity: longestPrompt + sampler.settings.maxNewTokens)
  }

  mutating func run(_ onToken: ((Int, Int) -> Void)?) {
    var states = prefill()  // [B, D]
    for step in 0..<sampler.settings.maxNewTokens {
      let drawn = draw(states, step)
      for (row, place) in live.enumerated() where growing[row] {
        accept(drawn.ids[row], drawn.logProbs[row], place, row, step)
        onToken?(promptIndices[place], drawn.ids[row])
      }
      guard growing.contains(true), step + 1 < sampler.settings.maxNewTokens else { return }
      let next = compact(drawn.ids)
      states = sampler.model.states(next.map { [$0] }, cache: cache).squeezed(1)
    }
  }

  private func prefill() -> Tensor {
    let states = sampler.model.states(prompts, cache: cache)  // [B, T, D]
    let last = Tensor(
      prompts.enumerated().map { $0.offset * longest + $0.element.count - 1 },
      device: sampler.model.device)
    return states.reshaped([-1, states.size(-1)]).rows(last)
  }

  /// The next token of each cached row and its log-probability.
  private mutating func draw(_ states: Tensor, _ step: Int) -> (ids: [Int], logProbs: [Float]) {
    let settings = sampler.settings
    var scores = sampler.model.logits(states)  // [B, V]
    let raw =
      settings.isGreedy || settings.temperature == 1 ? scores : scores / settings.temperature
    if settings.repetitionPenalty != 1 {
      let texts = live.map { prompts[$0] + completions[$0].ids }
      scores = Warpers.repetition(scores, texts, penalty: settings.repetitionPenalty)
    }
    if step < settings.minNewTokens, !settings.stopTokenIDs.isEmpty {
      let stops = Tensor(Array(settings.stopTokenIDs).sorted(), device: scores.device)
      let marks = Tensor.zeros([scores.size(1)], device: scores.device)
        .scattering(0, stops, .ones([settings.stopTokenIDs.count], device: scores.device))
      scores = scores.filled(where: marks .> 0, with: -Double.infinity)
    }
    let chosen = settings.isGreedy ? scores.argmax(-1, keep: true) : sample(scores)
    let logProbs = raw.gathered(-1, chosen) - raw.logSumExp(-1, keep: true)
    return (chosen.ints, logProbs.floats)
  }

  /// Draws by inverting the cumulative distribution at one uniform number a row.
  private mutating func sample(_ scores: Tensor) -> Tensor {
    let settings = sampler.settings
    let tempered = settings.temperature == 1 ? scores : scores / settings.temperature
    let kept = Warpers.truncated(tempered, settings)
    let cumulative = kept.softmax(-1).to(.float64).cumulativeSum(-1)  // [B, V]
    let uniform = live.map { generators[$0].uniform() }
    let total = cumulative.narrowed(-1, cumulative.size(1) - 1..<cumulative.size(1))
    let marks = Tensor(uniform, shape: [uniform.count, 1], device: scores.device) * total
    // Rounding may lift a mark to the total, beyond which no token stands.
    let last = Tensor([cumulative.size(1) - 1], device: scores.device)
    return minimum(cumulative.firstAbove(marks), last)
  }

  private mutating func accept(_ id: Int, _ logProb: Float, _ place: Int, _ row: Int, _ step: Int) {
    completions[place].ids.append(id)
    completions[place].logProbs.append(logProb)
    if sampler.settings.stopTokenIDs.contains(id) {
      completions[place].stopReason = .endOfText
      growing[row] = false
    } else if let decode = sampler.decode, !sampler.settings.stopStrings.isEmpty {
      let text = decode(completions[place].ids)
      if sampler.settings.stopStrings.contains(where: text.contains) {
        completions[place].stopReason = .stopString
        growing[row] = false
      }
    }
  }

  /// Drops finished rows from the cache once they are a quarter of it, and gives the next inputs.
  private mutating func compact(_ drawn: [Int]) -> [Int] {
    let left = growing.count(where: { $0 })
    guard left * 4 <= growing.count * 3 else { return drawn }
    let kept = growing.indices.filter { growing[$0] }
    cache.rearrange(kept)
    live = kept.map { live[$0] }
    growing = kept.map { _ in true }
    return kept.map { drawn[$0] }
  }
}
