// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@testable import LanguageModels

@Suite("Texts laid end to end")
struct JoinedTextsTests {
  private func joined(
    _ texts: [[Int]], leastShared: Int = 2, sharesKeys: (Int, Int) -> Bool = { _, _ in true }
  ) -> JoinedTexts {
    JoinedTexts(texts, leastShared: leastShared, sharesKeys: sharesKeys)
  }

  @Test("a common beginning is there once, also one within another")
  func tree() {
    let texts = [[5, 6, 7, 8], [1, 2, 3], [5, 6, 9], [5, 6, 7, 8], [5, 6, 7, 4, 4], [5, 6]]
    let row = joined(texts)
    for (index, text) in texts.enumerated() {
      let places = row.places(of: index)
      #expect(places.map { row.ids[$0] } == text)
      #expect(places.map { row.positions[$0] } == Array(text.indices))
    }
    // [1 2 3] [5 6] [.. 7 4 4] [.. .. 8] [.. 9]: 3 + 2 + 3 + 1 + 1 tokens.
    #expect(row.ids.count == 10)
    #expect(row.segments.tokenCount == 10)
    #expect(row.places(of: 0) == row.places(of: 3))
    #expect(row.segments.segments.map(\.before) == [[], [], [3..<5], [3..<5, 5..<6], [3..<5]])
  }

  @Test("beginnings that are too short, or whose keys differ, are read anew")
  func refusals() {
    #expect(joined([[5, 6, 7], [5, 6, 8]], leastShared: 3).ids.count == 6)
    #expect(joined([[5, 6, 7], [5, 6, 8]], leastShared: 2).ids.count == 4)
    #expect(joined([[5, 6, 7], [5, 6, 8, 9]]) { $0 == $1 }.ids.count == 7)
  }

  /// Rows of which some begin alike, by at least the length that is shared.
  private var rows: [TokenRow] {
    let beginning = (0..<JoinedTexts.leastShared).map { 3 + ($0 * 7) % 20 }
    let longer = beginning + [4, 5, 6, 7, 8]
    return [
      TokenRow(prompt: beginning, completion: [9, 8, 7]),
      TokenRow(prompt: [5], completion: [6, 7, 8, 9, 10, 11, 12]),
      TokenRow(prompt: beginning, completion: [9, 8, 5, 4, 3, 6, 7]),
      TokenRow(prompt: longer, completion: [10, 11]),
      TokenRow(prompt: [], completion: longer + [12]),
      TokenRow(prompt: beginning, completion: [9, 8, 7]),
      TokenRow(prompt: [7, 3], completion: [3, 7, 4]),
    ]
  }

  /// Log-probs of targets and gradients of all parameters, for a weighted sum of the log-probs.
  private func results(
    _ model: any LanguageModel, _ logProbs: () -> Tensor
  ) -> (logProbs: Tensor, gradients: [(name: String, tensor: Tensor)]) {
    model.setTrainable(true)
    for (_, tensor) in model.parameters { tensor.setGrad(nil) }
    let found = logProbs()
    let weights = Tensor((0..<found.elementCount).map { 1 + 0.1 * Float($0 % 7) })
    (found * weights).sum().backward()
    let gradients = model.parameters.compactMap { name, tensor in
      tensor.grad.map { (name, $0) }
    }
    return (found.detached(), gradients)
  }

  /// Every row in a forward pass of its own, padded on the right, as models read texts side by side.
  private func plainLogProbs(_ model: any LanguageModel, _ batch: TokenBatch) -> Tensor {
    let states = model.states(batch.ids, checkpointing: false)  // [B, T, D]
    return Torch.targetLogProbs(
      hidden: states.reshaped([-1, states.size(-1)]).rows(batch.statePositions),
      weight: model.outputWeight, targets: batch.targets, cap: model.logitCap
    ).logProbs
  }

  static let llamas = ["tied", "biased", "llama3", "linear", "yarn"]

  private func model(_ name: String) throws -> any LanguageModel {
    Self.llamas.contains(name) || name == "dynamic"
      ? try Fixture.model(name) : try FamilyFixture.model(name)
  }

  @Test(
    "losses and gradients are those of texts read apart, for every family",
    arguments: llamas + ["dynamic"] + FamilyFixture.texts + FamilyFixture.images, [false, true])
  func families(name: String, checkpointing: Bool) throws {
    let model = try model(name)
    let batch = TokenBatch(rows, padTokenID: 0)
    let plain = results(model) {
      concatenated(rows.map { plainLogProbs(model, TokenBatch([$0], padTokenID: 0)) })
    }
    let joined = results(model) {
      model.targetLogProbs(of: batch, checkpointing: checkpointing).logProbs
    }
    #expect(model.readTokenCount(of: batch) < batch.tokenCount)
    expectClose(joined.logProbs, plain.logProbs, atol: 1e-5, rtol: 1e-5)
    #expect(joined.gradients.map(\.name) == plain.gradients.map(\.name))
    #expect(!joined.gradients.isEmpty)
    for (found, wanted) in zip(joined.gradients, plain.gradients) {
      let size = Swift.max(1, abs(wanted.tensor).max().item)
      expectClose(found.tensor, wanted.tensor, atol: 1e-5 * size, rtol: 1e-5)
    }
  }

  @Test("side by side and end to end agree", arguments: FamilyFixture.texts)
  func sideBySide(name: String) throws {
    let model = try model(name)
    let batch = TokenBatch(rows, padTokenID: 0)
    let (joined, padded) = withoutGrad {
      (model.targetLogProbs(of: batch).logProbs, plainLogProbs(model, batch))
    }
    expectClose(joined, padded, atol: 1e-5, rtol: 1e-5)
  }

  @Test("where frequencies depend on the length, only texts of one kind share their beginning")
  func scaledPositions() throws {
    let model = try Fixture.model("dynamic")
    let limit = try #require((1..<200).first { !model.sharesKeys($0, $0 + 1) })
    let long = (0..<limit + 4).map { 3 + $0 % 20 }
    let rows = [
      TokenRow(prompt: Array(long.dropLast(5)), completion: [5]),
      TokenRow(prompt: long, completion: [6, 7]), TokenRow(prompt: long, completion: [8, 9]),
      TokenRow(prompt: long, completion: [8]),
    ]
    let batch = TokenBatch(rows, padTokenID: 0)
    // Only the two of equal length beyond the limit have the same keys.
    #expect(model.readTokenCount(of: batch) == batch.tokenCount - long.count)
    let (joined, alone) = withoutGrad {
      (
        model.targetLogProbs(of: batch).logProbs,
        concatenated(rows.map { plainLogProbs(model, TokenBatch([$0], padTokenID: 0)) })
      )
    }
    expectClose(joined, alone, atol: 1e-5, rtol: 1e-5)
  }
}
