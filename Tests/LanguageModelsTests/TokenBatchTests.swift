// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import TestSupport
import Testing
import Torch

@Suite("Token batch")
struct TokenBatchTests {
  private let rows = [
    TokenRow(prompt: [5, 6, 7], completion: [8, 9]),
    TokenRow(ids: [10, 11, 12, 13], isTarget: [true, false, true, false]),
    TokenRow(prompt: [14], completion: []),
    TokenRow(prompt: [], completion: [15, 16, 17, 18, 19, 20]),
  ]

  @Test("lays rows out on the left and finds the state before each target")
  func layout() {
    let batch = TokenBatch(rows, padTokenID: 0)
    #expect(batch.ids.shape == [4, 6])
    #expect(
      batch.ids.ints == [
        5, 6, 7, 8, 9, 0, 10, 11, 12, 13, 0, 0, 14, 0, 0, 0, 0, 0, 15, 16, 17, 18, 19, 20,
      ])
    #expect(batch.lengths == [5, 4, 1, 6])
    #expect(batch.tokenCount == 16)
    #expect(batch.rowCount == 4)
    // A first token is never a target, since nothing predicts it.
    #expect(batch.targetCounts == [2, 1, 0, 5])
    #expect(batch.targetCount == 8)
    #expect(batch.targetWidth == 5)
    #expect(batch.targets.ints == [8, 9, 12, 16, 17, 18, 19, 20])
    #expect(batch.statePositions.ints == [2, 3, 7, 18, 19, 20, 21, 22])
    #expect(batch.targetRows.ints == [0, 0, 1, 3, 3, 3, 3, 3])
    #expect(rows.map(\.targetCount) == [2, 1, 0, 5])
  }

  @Test("row sums and tables put values where their targets are")
  func tables() {
    let batch = TokenBatch(rows, padTokenID: 0)
    let values = Tensor([1, 2, 4, 8, 16, 32, 64, 128], elementType: .float32)
    #expect(batch.rowSums(values).floats == [3, 4, 0, 248])
    #expect(batch.table(values).shape == [4, 5])
    #expect(
      batch.table(values).floats == [
        1, 2, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 16, 32, 64, 128,
      ])
    #expect(
      batch.targetMask.floats == [1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
  }

  @Test("gradients of row sums and tables go to their targets")
  func gradients() throws {
    let batch = TokenBatch(rows, padTokenID: 0)
    let values = Tensor([1, 2, 4, 8, 16, 32, 64, 128], elementType: .float32).asParameter()
    let weights = Tensor([1.0, 10, 100, 1000], elementType: .float32)
    (batch.rowSums(values) * weights).sum().backward()
    #expect(try #require(values.grad).floats == [1, 1, 10, 1000, 1000, 1000, 1000, 1000])
    values.setGrad(nil)
    let places = Tensor.range(0..<20).to(.float32).reshaped([4, 5])
    (batch.table(values) * places).sum().backward()
    #expect(try #require(values.grad).floats == [0, 1, 5, 15, 16, 17, 18, 19])
  }

  @Test("a batch without targets has empty log-probs and zero sums")
  func noTargets() throws {
    let batch = TokenBatch([TokenRow(prompt: [3, 4], completion: [])], padTokenID: 0)
    let model = try Fixture.model("tied")
    #expect(model.targetLogProbs(of: batch).logProbs.shape == [0])
    #expect(model.sequenceLogProbs(of: batch).floats == [0])
    #expect(batch.table(model.targetLogProbs(of: batch).logProbs).floats == [0])
    #expect(batch.targetMask.floats == [0])
  }

  @Test("log-probs depend on neither padding nor the order of rows", arguments: ["tied", "biased"])
  func invariance(name: String) throws {
    let model = try Fixture.model(name)
    let alone = withoutGrad {
      rows.map { model.sequenceLogProbs(of: TokenBatch([$0], padTokenID: 0)).item }
    }
    let together = withoutGrad {
      model.sequenceLogProbs(of: TokenBatch(rows, padTokenID: 37))
    }
    expectClose(together, alone, atol: 1e-5, rtol: 1e-5)
    let backwards = withoutGrad {
      model.sequenceLogProbs(of: TokenBatch(rows.reversed(), padTokenID: 1))
    }
    expectClose(backwards, alone.reversed(), atol: 1e-5, rtol: 1e-5)
    let longer = rows + [TokenRow(prompt: [1], completion: [Int](repeating: 9, count: 30))]
    let beside = withoutGrad {
      model.sequenceLogProbs(of: TokenBatch(longer, padTokenID: 2)).narrowed(0, 0..<4)
    }
    expectClose(beside, alone, atol: 1e-5, rtol: 1e-5)
  }

  @Test("a completion's log-prob is the sum over its tokens given the prompt")
  func completionOnly() throws {
    let model = try Fixture.model("tied")
    let row = try Fixture.expected("tied").rows[2]
    let batch = TokenBatch(
      [TokenRow(prompt: Array(row.ids[..<4]), completion: Array(row.ids[4...]))], padTokenID: 0)
    expectClose(
      model.sequenceLogProbs(of: batch), row.tokenLogProbs[3...].reduce(0, +), atol: 1e-4)
  }
}
