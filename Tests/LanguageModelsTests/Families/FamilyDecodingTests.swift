// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import TestSupport
import Testing
import Torch

/// What decoding does with windows, bounds, learned positions and stacked matrices: log-probs on its way are held
/// against reading the finished text without a cache.
@Suite("Decoding of every family")
struct FamilyDecodingTests {
  private static let names = FamilyFixture.texts + FamilyFixture.images
  private let prompts = [[5, 6, 7], [9], [3, 8, 5, 6, 7, 11, 4, 4, 9, 10, 12, 13]]

  private func read(_ model: any LanguageModel, _ prompt: [Int], _ ids: [Int]) -> [Double] {
    let batch = TokenBatch([TokenRow(prompt: prompt, completion: ids)], padTokenID: 0)
    return withoutGrad { model.targetLogProbs(of: batch).logProbs }.doubles
  }

  @Test(
    "log-probs of greedy tokens are those of reading, while rows are replaced", arguments: names)
  func engine(name: String) throws {
    let model = try FamilyFixture.model(name)
    let engine = DecodingEngine(model, rowCount: 2)
    for (id, prompt) in prompts.enumerated() {
      try engine.submit(
        DecodingRequest(
          id: id, prompt: prompt,
          settings: SamplingSettings(maxNewTokens: 6 + 3 * id, temperature: 0), seed: 1))
    }
    var ids: [Int: [Int]] = [:]
    var logProbs: [Int: [Double]] = [:]
    while !engine.isIdle {
      for case .token(let id, let token) in engine.step() {
        ids[id, default: []].append(token.id)
        logProbs[id, default: []].append(Double(token.logProb))
      }
    }
    for (id, prompt) in prompts.enumerated() {
      let completion = try #require(ids[id])
      #expect(completion.count == 6 + 3 * id)
      expectClose(
        try #require(logProbs[id]), read(model, prompt, completion),
        atol: FamilyFixture.tolerance, rtol: 1e-5)
    }
  }

  @Test("scores of continuations are those of reading", arguments: names)
  func continuations(name: String) throws {
    let model = try FamilyFixture.model(name)
    let continuations = [[5, 6, 7], [8], [9, 10, 11, 12, 13, 4, 4, 4, 9], [14]]
    for prompt in prompts {
      let found = model.continuationLogProbs(after: prompt, continuations, batchSize: 3)
      for (logProbs, ids) in zip(found, continuations) {
        expectClose(
          logProbs.map(Double.init), read(model, prompt, ids), atol: FamilyFixture.tolerance,
          rtol: 1e-5)
      }
    }
  }

  @Test("log-probs of beams are those of reading", arguments: names)
  func beams(name: String) throws {
    let model = try FamilyFixture.model(name)
    let settings = SamplingSettings(maxNewTokens: 7, temperature: 0, stopTokenIDs: [2])
    for prompt in prompts {
      let found = BeamSearch(model, settings, beamCount: 3).completions(prompt, count: 3)
      #expect(found.count == 3)
      for beam in found {
        expectClose(
          beam.completion.logProbs.map(Double.init), read(model, prompt, beam.completion.ids),
          atol: FamilyFixture.tolerance, rtol: 1e-5)
      }
    }
  }
}
