// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import TestSupport
import Testing
import Torch

@Suite("Sampling")
struct SamplingTests {
  private let prompts = [
    [5, 6, 7, 8, 9], [10], [11, 12, 13], [14, 15], [16, 17, 18, 19, 20, 21, 22, 23, 24], [25],
    [26, 27],
  ]
  private let seeds: [UInt64] = [3, 141, 59, 26, 5, 35, 8979]

  @Test("greedy decoding with a cache continues as transformers does", arguments: Fixture.names)
  func greedy(name: String) throws {
    let rows = try Fixture.expected(name).rows.filter { $0.greedy != nil }
    #expect(!rows.isEmpty)
    let sampler = Sampler(
      try Fixture.model(name), SamplingSettings(maxNewTokens: 20, temperature: 0))
    let found = sampler.completions(rows.map(\.ids), seeds: rows.map { _ in 1 })
    for (completion, row) in zip(found, rows) {
      #expect(completion.ids == row.greedy)
      #expect(completion.stopReason == .length)
    }
  }

  @Test(
    "the same seed gives the same completion whatever shares the batch",
    arguments: [
      SamplingSettings(maxNewTokens: 25, stopTokenIDs: [0, 1, 2, 3, 4]),
      SamplingSettings(
        maxNewTokens: 25, minNewTokens: 3, temperature: 0.7, topK: 10, topP: 0.9, minP: 0.01,
        repetitionPenalty: 1.2, stopTokenIDs: [2, 5, 12, 19, 27, 30, 33]),
    ])
  func neighbours(settings: SamplingSettings) throws {
    let model = try Fixture.model("biased")
    let alone = zip(prompts, seeds).map { prompt, seed in
      Sampler(model, settings).completions([prompt], seeds: [seed])[0]
    }
    #expect(Set(alone.map(\.ids.count)).count > 2, "rows should end at different times")
    for batchSize in [1, 2, 3, 100] {
      let sampler = Sampler(model, settings, batchSize: batchSize)
      let together = sampler.completions(prompts, seeds: seeds)
      let backwards = sampler.completions(prompts.reversed(), seeds: seeds.reversed())
      for found in [together, backwards.reversed()] {
        #expect(found.map(\.ids) == alone.map(\.ids))
        #expect(found.map(\.stopReason) == alone.map(\.stopReason))
        expectClose(
          found.flatMap { $0.logProbs.map(Double.init) },
          alone.flatMap { $0.logProbs.map(Double.init) }, atol: 1e-5)
      }
    }
  }

  @Test("different seeds draw different completions")
  func seedsMatter() throws {
    let sampler = Sampler(try Fixture.model("biased"), SamplingSettings(maxNewTokens: 12))
    let found = sampler.completions(
      [[Int]](repeating: [5, 6], count: 20), seeds: (0..<20).map { UInt64($0) })
    #expect(Set(found.map(\.ids)).count == 20)
  }

  @Test("log-probs of drawn tokens are those of reading the text", arguments: [1, 0.7, 1.6])
  func logProbs(temperature: Double) throws {
    for name in ["biased", "llama3", "yarn"] {
      let model = try Fixture.model(name)
      // Truncation and penalties change what is drawn, not the log-probs reported.
      let settings = SamplingSettings(
        maxNewTokens: 20, temperature: temperature, topK: 12, repetitionPenalty: 1.1,
        stopTokenIDs: [0, 1, 2, 3])
      let found = Sampler(model, settings, batchSize: 4).completions(prompts, seeds: seeds)
      let rows = zip(prompts, found).map { TokenRow(prompt: $0, completion: $1.ids) }
      let read = withoutGrad {
        model.targetLogProbs(
          of: TokenBatch(rows, padTokenID: 0), temperature: temperature)
      }
      expectClose(
        found.flatMap { $0.logProbs.map(Double.init) }, read.logProbs.doubles, atol: 1e-5,
        rtol: 1e-5)
    }
  }

  @Test("greedy log-probs are those at temperature 1")
  func greedyLogProbs() throws {
    let model = try Fixture.model("llama3")
    let found = Sampler(model, SamplingSettings(maxNewTokens: 9, temperature: 0))
      .completions([[5, 6]], seeds: [0])[0]
    let batch = TokenBatch([TokenRow(prompt: [5, 6], completion: found.ids)], padTokenID: 0)
    let read = withoutGrad { model.targetLogProbs(of: batch) }
    expectClose(read.logProbs, found.logProbs.map(Double.init), atol: 1e-5, rtol: 1e-5)
  }

  // The reference continues [37, 31, 26, 27, 21] with 34, 37, 37, …
  @Test("a stop token ends a completion and is its last token")
  func stopToken() throws {
    let model = try Fixture.model("tied")
    let row = try Fixture.expected("tied").rows[1]
    func run(_ stops: Set<Int>, minimum: Int = 0) -> SampledCompletion {
      let settings = SamplingSettings(
        maxNewTokens: 6, minNewTokens: minimum, temperature: 0, stopTokenIDs: stops)
      return Sampler(model, settings).completions([row.ids], seeds: [0])[0]
    }
    #expect(run([37]).ids == [34, 37])
    #expect(run([37]).stopReason == .endOfText)
    #expect(run([37]).logProbs.count == 2)
    #expect(run([34, 37]).ids == [34])
    #expect(run([11]).ids == [34, 37, 37, 37, 37, 37])
    #expect(run([11]).stopReason == .length)
  }

  @Test("no stop token comes before the least count of tokens", arguments: [0, 1, 3, 6])
  func minimumCount(minimum: Int) throws {
    let model = try Fixture.model("tied")
    let settings = SamplingSettings(
      maxNewTokens: 6, minNewTokens: minimum, stopTokenIDs: [36, 37])
    let found = Sampler(model, settings).completions(
      [[Int]](repeating: [37, 31], count: 30), seeds: (0..<30).map { UInt64($0) })
    for completion in found {
      #expect(completion.ids.prefix(minimum).allSatisfy { $0 != 36 && $0 != 37 })
      #expect(completion.ids.count >= minimum)
      // The log-probs are still those of the whole distribution.
      #expect(completion.logProbs.allSatisfy { $0.isFinite && $0 <= 0 })
    }
    let shortest = found.map(\.ids.count).min()
    if minimum < 6 { #expect(shortest == minimum + 1 || shortest == minimum) }
    #expect(found.contains { $0.stopReason == .endOfText } == (minimum < 6))
  }

  @Test("a stop string ends a completion once its text holds it")
  func stopString() throws {
    let model = try Fixture.model("biased")
    let row = try Fixture.expected("biased").rows[0]  // 27 7 35 5 33 19 12 22 …
    func run(_ strings: [String]) -> SampledCompletion {
      let settings = SamplingSettings(maxNewTokens: 8, temperature: 0, stopStrings: strings)
      let sampler = Sampler(model, settings) { $0.map { "<\($0)>" }.joined() }
      return sampler.completions([row.ids], seeds: [0])[0]
    }
    #expect(run(["5><3"]).ids == [27, 7, 35, 5, 33])
    #expect(run(["5><3"]).stopReason == .stopString)
    #expect(run(["<19>", "<35>"]).ids == [27, 7, 35])
    #expect(run(["<20>"]).ids == [27, 7, 35, 5, 33, 19, 12, 22])
    #expect(run(["<20>"]).stopReason == .length)
  }

  @Test("the listener hears every token of every prompt in order")
  func listener() throws {
    let settings = SamplingSettings(maxNewTokens: 9, stopTokenIDs: [0, 1, 2, 3, 4])
    let sampler = Sampler(try Fixture.model("biased"), settings, batchSize: 3)
    var heard = [[Int]](repeating: [], count: prompts.count)
    let found = sampler.completions(prompts, seeds: seeds) { heard[$0].append($1) }
    #expect(heard == found.map(\.ids))
  }

  @Test("no prompts give no completions")
  func nothing() throws {
    let sampler = Sampler(try Fixture.model("tied"), SamplingSettings())
    #expect(sampler.completions([], seeds: []).isEmpty)
  }
}
