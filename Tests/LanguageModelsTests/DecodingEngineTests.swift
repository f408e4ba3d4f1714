// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@testable import LanguageModels

@Suite("Decoding engine")
struct DecodingEngineTests {
  private func finish(_ engine: DecodingEngine) -> [Int: SampledCompletion] {
    var found: [Int: SampledCompletion] = [:]
    var ended: Set<Int> = []
    while !engine.isIdle {
      for event in engine.step() {
        switch event {
        case .token(let id, let token):
          #expect(!ended.contains(id), "a token after the end")
          found[id, default: SampledCompletion()].ids.append(token.id)
          found[id]?.logProbs.append(token.logProb)
          if !token.alternatives.isEmpty { found[id]?.alternatives.append(token.alternatives) }
        case .finished(let id, let reason):
          #expect(ended.insert(id).inserted, "two ends")
          found[id, default: SampledCompletion()].stopReason = reason
        }
      }
    }
    return found
  }

  private func requests() -> [DecodingRequest] {
    var plain = SamplingSettings(maxNewTokens: 14, stopTokenIDs: [0, 1, 2, 3, 4])
    plain.alternativeCount = 2
    let greedy = SamplingSettings(maxNewTokens: 9, temperature: 0)
    var mixed = SamplingSettings(
      maxNewTokens: 20, minNewTokens: 2, temperature: 0.8, topK: 12, topP: 0.95, minP: 0.01,
      repetitionPenalty: 1.2, stopTokenIDs: [7, 12, 19, 27, 30])
    mixed.typicalP = 0.95
    mixed.noRepeatNGramSize = 3
    mixed.presencePenalty = 0.2
    let prompts = [
      [5, 6, 7, 8, 9], [10], [11, 12, 13], [14, 15], [16, 17, 18, 19, 20, 21, 22, 23, 24], [25],
      [26, 27], [28, 29, 30], [31], [32, 33, 34, 35],
    ]
    return prompts.enumerated().map { index, prompt in
      DecodingRequest(
        id: index * 10, prompt: prompt, settings: [plain, greedy, mixed][index % 3],
        seed: UInt64(index * 7919))
    }
  }

  private func expectEqual(
    _ found: [Int: SampledCompletion], _ expected: [Int: SampledCompletion],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.keys.sorted() == expected.keys.sorted(), sourceLocation: sourceLocation)
    for (id, completion) in found {
      guard let other = expected[id] else { continue }
      #expect(completion.ids == other.ids, sourceLocation: sourceLocation)
      #expect(completion.stopReason == other.stopReason, sourceLocation: sourceLocation)
      expectClose(
        completion.logProbs.map(Double.init), other.logProbs.map(Double.init), atol: 1e-5,
        sourceLocation: sourceLocation)
    }
  }

  @Test("requests with settings of their own become what they are alone, whatever is beside them")
  func neighbours() throws {
    let model = try Fixture.model("biased")
    let requests = requests()
    var alone: [Int: SampledCompletion] = [:]
    for request in requests {
      let engine = DecodingEngine(model, rowCount: 1)
      try engine.submit(request)
      alone.merge(finish(engine)) { $1 }
    }
    #expect(Set(alone.values.map(\.ids.count)).count > 3, "rows should end at different times")
    #expect(alone[0]?.alternatives.allSatisfy { $0.count == 2 } == true)
    for rowCount in [1, 2, 3, 4, 20] {
      for order in [requests, requests.reversed(), requests.shuffled(seed: 5)] {
        let engine = DecodingEngine(model, rowCount: rowCount, capacity: 4)
        for request in order { try engine.submit(request) }
        #expect(engine.waitingCount == requests.count)
        expectEqual(finish(engine), alone)
        #expect(engine.activeCount == 0 && engine.waitingCount == 0)
      }
    }
  }

  @Test("a row that ends makes room while the others go on, and requests may come at any time")
  func replacement() throws {
    let model = try Fixture.model("biased")
    let engine = DecodingEngine(model, rowCount: 2)
    func request(_ id: Int, _ count: Int) -> DecodingRequest {
      DecodingRequest(
        id: id, prompt: [5 + id, 6], settings: SamplingSettings(maxNewTokens: count), seed: 1)
    }
    try engine.submit(request(1, 2))
    try engine.submit(request(2, 5))
    try engine.submit(request(3, 2))
    var log: [[Int]] = []
    while !engine.isIdle {
      if log.count == 3 { try engine.submit(request(4, 1)) }
      log.append(
        engine.step().map { event in
          switch event {
          case .token(let id, _): id
          case .finished(let id, _): -id
          }
        })
    }
    #expect(
      log.map { $0.sorted() } == [[1, 2], [-1, 1, 2], [2, 3], [-3, 2, 3], [-4, -2, 2, 4]])
  }

  @Test("a request is taken back before and while it runs, and the others do not notice")
  func cancelling() throws {
    let model = try Fixture.model("biased")
    let requests = requests()
    let undisturbed = DecodingEngine(model, rowCount: 3)
    for request in requests { try undisturbed.submit(request) }
    let expected = finish(undisturbed)
    let engine = DecodingEngine(model, rowCount: 3)
    for request in requests { try engine.submit(request) }
    #expect(engine.cancel(90))  // still waiting
    _ = engine.step()
    #expect(engine.cancel(0))  // in a row, which the last one takes over
    #expect(!engine.cancel(0))
    #expect(!engine.cancel(5))
    var found: [Int: [Int]] = [:]
    while !engine.isIdle {
      for case .token(let id, let token) in engine.step() {
        found[id, default: []].append(token.id)
      }
    }
    #expect(found[0] == nil && found[90] == nil)
    for id in [30, 40, 50, 60, 70, 80] { #expect(found[id] == expected[id]?.ids) }
    // The name is free again.
    try engine.submit(requests[0])
    expectEqual(finish(engine), [0: try #require(expected[0])])
  }

  @Test("prompts read in pieces give the same completions", arguments: [1, 3, 7])
  func pieces(size: Int) throws {
    let model = try Fixture.model("llama3")
    let settings = SamplingSettings(maxNewTokens: 6)
    func run(_ size: Int) throws -> [Int: SampledCompletion] {
      let engine = DecodingEngine(model, rowCount: 3, promptTokensPerStep: size)
      for id in 0..<5 {
        let prompt = (0..<(id * 4 + 1)).map { 3 + ($0 * 7 + id) % 37 }
        try engine.submit(
          DecodingRequest(id: id, prompt: prompt, settings: settings, seed: UInt64(id)))
      }
      return finish(engine)
    }
    expectEqual(try run(size), try run(4096))
  }

  // MARK: Shared beginnings

  @Test("several completions of a prompt read it once")
  func samplesOfOnePrompt() throws {
    let model = try Fixture.model("biased")
    let prompt = Array(3..<33)
    let settings = SamplingSettings(maxNewTokens: 5)
    let engine = DecodingEngine(model, rowCount: 4)
    for seed in 0..<9 {
      try engine.submit(
        DecodingRequest(id: seed, prompt: prompt, settings: settings, seed: UInt64(seed)))
    }
    let found = finish(engine)
    // Each of the others reads the last token, whose state chooses the first one.
    #expect(engine.statistics.promptTokensRead == 30 + 8)
    #expect(engine.statistics.promptTokensShared == 8 * 29)
    #expect(engine.statistics.tokensChosen == 45)
    var alone: [Int: SampledCompletion] = [:]
    for seed in 0..<9 {
      alone[seed] = Sampler(model, settings).completions([prompt], seeds: [UInt64(seed)])[0]
    }
    expectEqual(found, alone)
  }

  @Test("a conversation that goes on is not read again, and old texts make room")
  func prefixCache() throws {
    let model = try Fixture.model("llama3")
    let settings = SamplingSettings(maxNewTokens: 4, temperature: 0)
    let engine = DecodingEngine(model, rowCount: 2, prefixCacheTokens: 60)
    func ask(_ id: Int, _ prompt: [Int]) throws -> (SampledCompletion, read: Int) {
      let before = engine.statistics.promptTokensRead
      try engine.submit(DecodingRequest(id: id, prompt: prompt, settings: settings, seed: 0))
      let found = try #require(finish(engine)[id])
      let fresh = Sampler(model, settings).completions([prompt], seeds: [0])[0]
      expectEqual([id: found], [id: fresh])
      return (found, engine.statistics.promptTokensRead - before)
    }
    let question = Array(3..<23)
    let (answer, read) = try ask(1, question)
    #expect(read == 20)
    // The last token of the answer was chosen but not read.
    let next = question + answer.ids + [30, 31, 32]
    #expect(try ask(2, next).read == 4)
    // Another question begins with half of the first.
    #expect(try ask(3, Array(question.prefix(10)) + [35, 36, 37]).read == 3)
    // Texts of 30 and 16 tokens are kept now; one of 33 pushes out the older of them.
    #expect(try ask(4, (0..<30).map { 3 + ($0 * 5) % 37 }).read == 30)
    #expect(try ask(5, next).read == next.count)
  }

  @Test("the least recently used beginning goes first")
  func leastRecentlyUsed() throws {
    let model = try Fixture.model("tied")
    let cache = model.makeCache(rowCount: 1, capacity: 16)
    _ = withoutGrad { model.states([Array(3..<19)], cache: cache) }
    func segment(_ count: Int) -> KVCache.Segment { cache.segment(row: 0, count: count) }
    var prefixes = PrefixCache(capacity: 30)
    prefixes.insert(Array(0..<10), segment(10))
    prefixes.insert(Array(20..<30), segment(10))
    #expect(prefixes.longest([0, 1, 2, 9], where: { _ in true })?.count == 3)
    prefixes.insert(Array(40..<50), segment(10))
    #expect(prefixes.tokenCount == 30)
    prefixes.insert(Array(60..<65), segment(5))
    #expect(prefixes.tokenCount == 25)
    #expect(prefixes.longest([20, 21], where: { _ in true }) == nil)
    #expect(prefixes.longest([0, 1], where: { _ in true })?.count == 2)
    #expect(prefixes.longest([0, 1], where: { $0 != 10 }) == nil)
    // A text takes the place of its own beginnings; one too long is not kept.
    prefixes.insert(Array(0..<12), segment(12))
    #expect(prefixes.tokenCount == 27)
    prefixes.insert(Array(0..<31), segment(16))
    #expect(prefixes.tokenCount == 27)
    #expect(prefixes.holds([0, 1, 2]) && !prefixes.holds([1, 2]))
  }

  @Test("frequencies that depend on the length are those of the text as it grows")
  func lengthDependentKeys() throws {
    let shape = LlamaConfiguration(
      vocabularyCount: 40, width: 16, hiddenWidth: 24, layerCount: 2, headCount: 2,
      maximumLength: 64,
      ropeScaling: .longRoPE(
        short: [1, 1, 2, 2], long: [1, 2, 4, 8], originalLength: 12, attentionFactor: 1.2))
    let model = try ModelFolder.newLanguageModel(
      ModelConfiguration(shape, bosTokenID: nil, eosTokenID: nil, padTokenID: nil),
      generator: Generator(seed: 9))
    let settings = SamplingSettings(maxNewTokens: 10)
    let engine = DecodingEngine(model, rowCount: 2, prefixCacheTokens: 100, promptTokensPerStep: 5)
    let prompt = Array(3..<12)
    // The longer ones begin as the others do, but on the other side of the border.
    let prompts = [prompt, prompt + [20, 21, 22, 23], prompt + [30], prompt + [20, 21, 22, 24]]
    for (id, prompt) in prompts.enumerated() {
      try engine.submit(
        DecodingRequest(id: id, prompt: prompt, settings: settings, seed: UInt64(id)))
    }
    for (id, found) in finish(engine) {
      var text = prompts[id]
      for (token, logProb) in zip(found.ids, found.logProbs) {
        let logits = model.logits([text]).picked(0, 0).picked(0, text.count - 1)
        expectClose(logits.logSoftmax(-1).picked(0, token), Double(logProb), atol: 1e-5)
        text.append(token)
      }
      #expect(found.ids.count == 10)
    }
  }

  // MARK: Ends and bad input

  @Test("completions stop where the model's positions or the text's length end")
  func lengths() throws {
    let model = try Fixture.model("tied")  // 64 positions
    func run(_ prompt: [Int], _ change: (inout SamplingSettings) -> Void = { _ in }) throws
      -> SampledCompletion
    {
      var settings = SamplingSettings(maxNewTokens: .max)
      change(&settings)
      return Sampler(model, settings).completions([prompt], seeds: [4])[0]
    }
    let long = (0..<60).map { 3 + $0 % 37 }
    #expect(try run(long).ids.count == 4)
    #expect(try run(long).stopReason == .length)
    #expect(try run([5]).ids.count == 63)
    #expect(try run([5, 6]) { $0.maxLength = 10 }.ids.count == 8)
    #expect(try run([5, 6]) { ($0.maxLength, $0.maxNewTokens) = (10, 3) }.ids.count == 3)
    #expect(try run([5, 6]) { $0.maxLength = 2 } == SampledCompletion())
    #expect(try run(long + long) == SampledCompletion())
  }

  @Test("requests that cannot be met are refused with a reason")
  func badRequests() throws {
    let engine = DecodingEngine(try Fixture.model("tied"), rowCount: 1)
    func refusal(_ prompt: [Int], _ settings: SamplingSettings = SamplingSettings()) -> String {
      do {
        try engine.submit(DecodingRequest(id: 1, prompt: prompt, settings: settings, seed: 0))
        return ""
      } catch { return "\(error)" }
    }
    #expect(refusal([]) == "the prompt is empty")
    #expect(
      refusal([5, 40]) == "the prompt has the token id 40; the model knows 0 to 39")
    #expect(
      refusal([Int](repeating: 5, count: 64))
        == "the prompt has 64 tokens, and the model takes 64 with the completion; shorten it")
    #expect(
      refusal([5], SamplingSettings(topP: 2)) == "top_p: expected above 0 to 1, found 2.0")
    #expect(
      refusal([5], SamplingSettings(stopStrings: ["x"]))
        == "stop_strings: this engine was made without a way to decode")
    #expect(engine.isIdle)
    #expect(refusal([5]) == "")
    #expect(refusal([5]) == "the prompt came as request 1, which is on its way")
  }

  // MARK: Processors

  /// Allows one token only, and remembers what it saw.
  private final class Insistence: LogitsProcessor {
    var seen: [[DecodedText]] = []
    func callAsFunction(_ scores: Tensor, _ texts: [DecodedText]) -> Tensor {
      seen.append(texts)
      let wanted = Tensor(
        texts.map { [$0.promptCount + 10] }.flatMap { $0 }, shape: [texts.count, 1])
      return (scores.zerosLike() - .infinity).scattering(1, wanted, wanted.to(.float32) * 0)
    }
  }

  @Test("a caller's own processor sees every row's text and decides")
  func ownProcessor() throws {
    let model = try Fixture.model("tied")
    let own = Insistence()
    let found = Sampler(
      model, SamplingSettings(maxNewTokens: 2, topK: 5), batchSize: 3, processors: [own]
    ).completions([[5], [6, 7], [8, 9, 10]], seeds: [1, 2, 3])
    #expect(found.map(\.ids) == [[11, 11], [12, 12], [13, 13]])
    #expect(
      own.seen.map { $0.map(\.ids) } == [
        [[5], [6, 7], [8, 9, 10]], [[5, 11], [6, 7, 12], [8, 9, 10, 13]],
      ])
    #expect(own.seen[1].map { Array($0.completion) } == [[11], [12], [13]])
    #expect(own.seen[0].map(\.maximumCount) == [3, 4, 5])
  }

  @Test("alternatives are the likeliest tokens with their log-probs, whatever was drawn")
  func alternatives() throws {
    let model = try Fixture.model("biased")
    for temperature in [0, 0.6] {
      var settings = SamplingSettings(maxNewTokens: 5, temperature: temperature, topK: 3)
      settings.alternativeCount = 4
      settings.suppressedTokenIDs = [27]
      let found = Sampler(model, settings).completions([[5, 6]], seeds: [8])[0]
      #expect(found.alternatives.count == 5)
      var text = [5, 6]
      for (index, token) in found.ids.enumerated() {
        let logits = model.logits([text]).picked(0, 0).picked(0, text.count - 1)
        let scale = temperature == 0 ? 1 : temperature
        let logProbs = (logits / scale).logSoftmax(-1).doubles
        let best = logProbs.indices.sorted { logProbs[$0] > logProbs[$1] }.prefix(4)
        #expect(found.alternatives[index].map(\.id) == Array(best))
        expectClose(
          found.alternatives[index].map { Double($0.logProb) }, best.map { logProbs[$0] },
          atol: 1e-5)
        expectClose([Double(found.logProbs[index])], [logProbs[token]], atol: 1e-5)
        text.append(token)
      }
    }
  }

  @Test("greedy decoding under a generation configuration goes as transformers goes")
  func greedyConfigurations() throws {
    let cases = try SearchCases.read("greedy")
    #expect(cases.count >= 14)
    for (item, config) in cases {
      let found = Sampler(try Fixture.model(item.model), config.settings())
        .completions([item.prompt], seeds: [0])
      #expect(found.map(\.ids) == item.completions, "\(item.model) \(config)")
    }
  }
}

extension Array {
  fileprivate func shuffled(seed: UInt64) -> [Element] {
    var random = SplitMix(seed: seed)
    return shuffled(using: &random)
  }
}
