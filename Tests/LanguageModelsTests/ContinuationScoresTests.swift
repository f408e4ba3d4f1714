// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import TestSupport
import Testing
import Torch

@Suite("Scores of continuations")
struct ContinuationScoresTests {
  private let continuations = [[5, 6, 7], [], [8], [9, 10, 11, 12, 13], [8, 9], [30]]

  @Test(
    "are those of reading each whole text", arguments: ["tied", "biased", "llama3"], [1, 2, 16])
  func parity(name: String, batchSize: Int) throws {
    let model = try Fixture.model(name)
    for prefix in [[20], [20, 21, 22, 23, 24]] {
      let found = model.continuationLogProbs(after: prefix, continuations, batchSize: batchSize)
      #expect(found.map(\.count) == continuations.map(\.count))
      for (logProbs, ids) in zip(found, continuations) where !ids.isEmpty {
        let batch = TokenBatch([TokenRow(prompt: prefix, completion: ids)], padTokenID: 0)
        let read = withoutGrad { model.targetLogProbs(of: batch).logProbs }
        expectClose(logProbs.map(Double.init), read.doubles, atol: 1e-5, rtol: 1e-5)
      }
    }
  }

  @Test("of all next tokens add up to one")
  func complete() throws {
    let model = try Fixture.model("tied")
    let found = model.continuationLogProbs(after: [7, 8], (0..<40).map { [$0] })
    let total = exp(Tensor(found.flatMap { $0 })).sum()
    expectClose(total, 1, atol: 1e-5)
  }

  @Test("of nothing are nothing")
  func nothing() throws {
    let model = try Fixture.model("tied")
    #expect(model.continuationLogProbs(after: [7], []).isEmpty)
    #expect(model.continuationLogProbs(after: [7], [[], []]) == [[], []])
  }
}
