// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import TestSupport
import Testing
import Torch

@testable import Serving

@Suite("Generation loop")
struct GenerationLoopTests {
  let tiny: TinyService

  init() throws { tiny = try TinyService() }

  private func queue(timeout: Duration = .seconds(60)) -> GenerationQueue {
    GenerationQueue(capacity: 64, timeout: timeout)
  }

  /// Runs until nothing is on its way.
  private func finish(_ loop: GenerationLoop, _ queue: GenerationQueue) {
    queue.close()
    loop.run()
  }

  @Test("greedy tokens and seeded samples do not depend on who shares the batch")
  func neighbours() async throws {
    let jobs = (0..<9).map { index in
      tiny.job(
        String("once upon a time".prefix(1 + index * 2)), count: 3 + index * 2,
        temperature: index.isMultiple(of: 3) ? 0 : 1, seed: UInt64(index))
    }
    var alone: [Heard] = []
    for job in jobs {
      let queue = queue()
      let events = try queue.submit(job)
      finish(try tiny.loop(queue, rowCount: 1), queue)
      alone += await events.heard()
    }
    #expect(Set(alone.map(\.ids)).count == jobs.count)
    for rowCount in [2, 4, 16] {
      let queue = queue()
      let loop = try tiny.loop(queue, rowCount: rowCount)
      var streams: [AsyncStream<GenerationEvent>] = []
      // Some come while others are under way.
      for job in jobs {
        streams.append(try queue.submit(job))
        _ = loop.advance()
      }
      finish(loop, queue)
      for (stream, expected) in zip(streams, alone) {
        let heard = try #require(await stream.heard().first)
        #expect(heard.ids == expected.ids && heard.end == expected.end)
        expectClose(
          heard.logProbs.map(Double.init), expected.logProbs.map(Double.init), atol: 1e-5)
      }
      #expect(queue.load == GenerationQueue.Load())
    }
  }

  @Test("a request whose client leaves gives its row to the next one, and the others go on")
  func cancellation() async throws {
    let queue = queue()
    let loop = try tiny.loop(queue, rowCount: 1)
    var leaving: AsyncStream<GenerationEvent>? = try queue.submit(tiny.job("abc", count: 100))
    let staying = try queue.submit(tiny.job("abd", count: 3))
    for _ in 0..<3 { _ = loop.advance() }
    #expect(queue.load == GenerationQueue.Load(running: 1, waiting: 1))
    #expect(leaving != nil)
    leaving = nil
    _ = loop.advance()
    #expect(queue.load == GenerationQueue.Load(running: 1, waiting: 0))
    finish(loop, queue)
    let heard = await staying.heard()
    #expect(heard.first?.ids.count == 3)
    let alone = self.queue()
    let events = try alone.submit(tiny.job("abd", count: 3))
    finish(try tiny.loop(alone), alone)
    #expect(await events.heard().first?.ids == heard.first?.ids)
  }

  @Test("a request out of time is told so with status 504, while it runs and while it waits")
  func timeOut() async throws {
    let queue = queue(timeout: .milliseconds(300))
    let loop = try tiny.loop(queue, rowCount: 1)
    let running = try queue.submit(tiny.job("abc", count: 100))
    let waiting = try queue.submit(tiny.job("abd", count: 100))
    _ = loop.advance()
    let start = ContinuousClock.now
    while ContinuousClock.now < start + .milliseconds(300) {}
    _ = loop.advance()
    #expect(queue.load == GenerationQueue.Load())
    let heard = [await running.heard(), await waiting.heard()]
    #expect(heard.map { $0.first?.error?.status } == [504, 504])
    #expect(heard[0].first?.ids.isEmpty == false)
    #expect(heard[1].first?.ids.isEmpty == true)
  }

  @Test("what is on its way when the server is cut short ends with status 503")
  func abort() async throws {
    let queue = queue()
    let loop = try tiny.loop(queue, rowCount: 1)
    let events = try queue.submit(tiny.job("abc", count: 100))
    _ = loop.advance()
    queue.abort()
    _ = loop.advance()
    #expect(await events.heard().first?.error == .stopping)
    #expect(queue.load == GenerationQueue.Load())
  }

  @Test("a prompt that the engine refuses ends with status 400 and leaves the others alone")
  func refusal() async throws {
    let queue = queue()
    let loop = try tiny.loop(queue)
    let good = try queue.submit(tiny.job("abc", count: 2))
    let bad = try queue.submit(tiny.job(String(repeating: "a", count: 200)))
    finish(loop, queue)
    #expect(await bad.heard().first?.error?.status == 400)
    #expect(await good.heard().first?.ids.count == 2)
  }

  @Test("a step that fails ends what is on its way with status 500, and the next request is served")
  func failedStep() async throws {
    let model = FaultyModel(try tiny.files.languageModel())
    let queue = queue()
    let loop = GenerationLoop(
      model, tokenizer: tiny.served.tokenizer, queue: queue, rowCount: 2, prefixCacheTokens: 64)
    let first = try queue.submit(tiny.job("abc", count: 100))
    let second = try queue.submit(tiny.job("abd", count: 100))
    let waiting = try queue.submit(tiny.job("abe", count: 3))
    for _ in 0..<3 { _ = loop.advance() }
    model.isBroken = true
    _ = loop.advance()
    model.isBroken = false
    for heard in [await first.heard(), await second.heard()] {
      #expect(heard.first?.error?.status == 500)
      #expect(heard.first?.ids.isEmpty == false)
    }
    let next = try queue.submit(tiny.job("abc", count: 6))
    finish(loop, queue)
    // The request that had no row yet may have failed with the step or not, but it has been answered.
    #expect(await waiting.heard().first.map { $0.error?.status == 500 || $0.end != nil } == true)
    #expect(queue.load == GenerationQueue.Load())

    let alone = self.queue()
    let expected = try alone.submit(tiny.job("abc", count: 6))
    finish(try tiny.loop(alone), alone)
    #expect(await next.heard().first?.ids == expected.heard().first?.ids)
  }

  @Test(
    "a text's own log-probabilities are those of a forward pass, with the likeliest beside them")
  func scoredText() async throws {
    let queue = queue()
    let ids = tiny.ids("once upon a time")
    var job = GenerationJob(completions: [])
    job.scoredTexts = [GenerationJob.ScoredText(ids: ids, alternativeCount: 3)]
    let events = try queue.submit(job)
    finish(try tiny.loop(queue), queue)
    var tokens: [DecodedToken] = []
    for await event in events {
      guard case .scored(let text, let found) = event else { continue }
      #expect(text == 0)
      tokens = found
    }
    #expect(tokens.map(\.id) == Array(ids.dropFirst()))
    let row = TokenRow(ids: ids, isTarget: ids.indices.map { $0 > 0 })
    let batch = TokenBatch([row], padTokenID: 0)
    let expected = withoutGrad {
      try? tiny.files.languageModel().targetLogProbs(of: batch).logProbs.floats
    }
    expectClose(
      tokens.map { Double($0.logProb) }, try #require(expected).map(Double.init), atol: 1e-5)
    for token in tokens {
      #expect(token.alternatives.count == 3)
      #expect(token.alternatives.map(\.logProb) == token.alternatives.map(\.logProb).sorted(by: >))
      #expect(token.alternatives[0].logProb >= token.logProb)
    }
  }
}
