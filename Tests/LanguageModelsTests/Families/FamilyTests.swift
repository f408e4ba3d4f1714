// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@testable import LanguageModels

/// Every family that reads texts, against transformers in float32.
@Suite("Model families against transformers")
struct FamilyTests {
  static let names = FamilyFixture.texts

  @Test("logits of single rows are those of transformers", arguments: names)
  func singleRows(name: String) throws {
    let model = try FamilyFixture.model(name)
    for row in try FamilyFixture.expected(name).rows {
      expectClose(model.logits([row.ids]).reshaped([-1]), row.logits, atol: FamilyFixture.tolerance)
    }
  }

  @Test(
    "rows padded on the right have the logits of transformers' rows, alone and padded on the left",
    arguments: names, [0, 23])
  func paddedRows(name: String, pad: Int) throws {
    let expected = try FamilyFixture.expected(name)
    let logits = try FamilyFixture.model(name).logits(expected.padded(with: pad))
    for (index, row) in expected.rows.enumerated() {
      let found = logits.picked(0, index).narrowed(0, 0..<row.ids.count)
      expectClose(found.reshaped([-1]), row.logits, atol: FamilyFixture.tolerance)
      expectClose(
        found.picked(0, row.ids.count - 1), expected.left_padded[index],
        atol: FamilyFixture.tolerance)
    }
  }

  @Test("a cache filled in parts of any size gives the same states", arguments: names)
  func cached(name: String) throws {
    let model = try FamilyFixture.model(name)
    let rows = try FamilyFixture.expected(name).rows
    withoutGrad {
      for sizes in [[1, 1, 1], [1, 4, 3], [2, 6, 13]] {
        let cache = model.makeCache(rowCount: rows.count, capacity: 4)
        var done = [0, 0, 0]
        while zip(done, rows).contains(where: { $0 < $1.ids.count }) {
          let open = rows.indices.filter { done[$0] < rows[$0].ids.count }
          let tokens = open.map { row in
            Array(rows[row].ids.dropFirst(done[row]).prefix(sizes[row]))
          }
          let logits = model.logits(model.states(tokens, rows: open, cache: cache))
          for (place, row) in open.enumerated() {
            let count = tokens[place].count
            let found = logits.picked(0, place).narrowed(0, 0..<count).reshaped([-1])
            let width = FamilyFixture.vocabularyCount
            let wanted = rows[row].logits[done[row] * width..<(done[row] + count) * width]
            expectClose(found, Array(wanted), atol: FamilyFixture.tolerance)
            done[row] += count
          }
        }
      }
    }
  }

  @Test("greedy decoding gives transformers' 64 tokens, in a batch and alone", arguments: names)
  func greedy(name: String) throws {
    let model = try FamilyFixture.model(name)
    let expected = try FamilyFixture.expected(name)
    var settings = SamplingSettings()
    settings.temperature = 0
    settings.maxNewTokens = 64
    let prompts = expected.rows.map(\.ids)
    for size in [1, 3] {
      let found = Sampler(model, settings, batchSize: size).completions(
        prompts, seeds: [1, 2, 3])
      #expect(found.map(\.ids) == expected.greedy)
    }
  }

  @Test(
    "loss and gradients are those of transformers, with and without checkpointing",
    arguments: names, [false, true])
  func gradients(name: String, checkpointing: Bool) throws {
    let expected = try FamilyFixture.expected(name)
    let model = try FamilyFixture.model(name)
    model.setTrainable(true)
    let batch = TokenBatch(expected.rows.map { wholeRow($0.ids) }, padTokenID: 0)
    let loss = -model.targetLogProbs(of: batch, checkpointing: checkpointing).logProbs.sum()
    loss.backward()
    expectClose(loss, expected.gradients.loss, rtol: 1e-5)
    for (stored, norm) in expected.gradients.norms {
      let name = ownName(stored)
      let tensor = try #require(
        model.parameters.first { $0.name == name }, "\(name) is not a parameter"
      ).tensor
      let gradient = try #require(tensor.grad, "\(name) has no gradient").to(.float64)
      expectClose(sqrt(square(gradient).sum()), norm, atol: 1e-5, rtol: 1e-4)
    }
    #expect(model.parameters.count == expected.gradients.norms.count)
  }

  /// Our name of a name on disk: files of a Gemma 3 that reads images have its text model inside.
  private func ownName(_ stored: String) -> String {
    stored.replacingOccurrences(of: "language_model.model.", with: "model.")
      .replacingOccurrences(of: "model.language_model.", with: "model.")
  }

  @Test("log-probs at a temperature are those of the sampled logits", arguments: names)
  func sampledLogProbs(name: String) throws {
    let model = try FamilyFixture.model(name)
    var settings = SamplingSettings()
    settings.temperature = 0.7
    settings.maxNewTokens = 12
    let prompt = try FamilyFixture.expected(name).rows[1].ids
    let drawn = Sampler(model, settings).completions([prompt], seeds: [11])[0]
    let row = TokenRow(prompt: prompt, completion: drawn.ids)
    let found = withoutGrad {
      model.targetLogProbs(of: TokenBatch([row], padTokenID: 0), temperature: 0.7)
    }
    expectClose(found.logProbs, drawn.logProbs.map(Double.init), atol: 1e-5)
  }

  @Test("a step of training raises the log-probability of its text", arguments: names)
  func training(name: String) throws {
    let model = try FamilyFixture.model(name)
    let ids = try FamilyFixture.expected(name).rows[2].ids
    let batch = TokenBatch([wholeRow(ids)], padTokenID: 0)
    let optimizer = SGD(model.parameters, learningRate: 1e-5)
    model.setTrainable(true)
    let before = model.sequenceLogProbs(of: batch)
    (-before.sum()).backward()
    optimizer.step()
    let after = withoutGrad { model.sequenceLogProbs(of: batch) }
    #expect(after.item > before.item)
  }

  @Test("bfloat16 gives about the same logits", arguments: names)
  func halfPrecision(name: String) throws {
    let folder = try ModelFolder(FamilyFixture.folder(name))
    let row = try FamilyFixture.expected(name).rows[1]
    let model = try folder.languageModel(elementType: .bfloat16)
    #expect(model.parameters.allSatisfy { $0.tensor.elementType == .bfloat16 })
    let found = model.logits([row.ids]).reshaped([-1])
    let wanted = Tensor(row.logits).to(.float32)
    let error = sqrt(square(found - wanted).mean()).item
    let size = sqrt(square(wanted).mean()).item
    #expect(error < 0.03 * size, "\(error) of \(size)")
    #expect(error > 0)
    let cache = model.makeCache(rowCount: 1, capacity: 8)
    let cached = withoutGrad { model.logits(model.states([row.ids], cache: cache)) }
    expectClose(cached.reshaped([-1]), found.doubles, atol: 0.05 * size)
  }

  @Test("a copy has the same numbers and no shared memory", arguments: names)
  func copies(name: String) throws {
    let model = try FamilyFixture.model(name)
    let before = model.numbers
    let copy = try model.copy(elementType: .float32)
    #expect(copy.numbers == before)
    let optimizer = SGD(copy.parameters, learningRate: 0.1)
    copy.setTrainable(true)
    copy.sequenceLogProbs(of: TokenBatch([wholeRow([3, 4, 5])], padTokenID: 0)).backward()
    optimizer.step()
    #expect(copy.numbers != before)
    #expect(model.numbers == before)
  }

  @Test("a row beyond the stretching length has the logits of transformers")
  func longRow() throws {
    let model = try FamilyFixture.model("phi3")
    let long = try #require(try FamilyFixture.expected("phi3").long)
    let logits = model.logits([long.ids])
    expectClose(
      logits.picked(1, long.ids.count - 1).reshaped([-1]), long.logits,
      atol: FamilyFixture.tolerance)
  }

  @Test("a GPT-2 says that a text is longer than its positions")
  func tooLong() throws {
    let model = try FamilyFixture.model("gpt2")
    #expect(model.lengthLimit == 80)
    _ = try withTensorErrors { model.logits([[Int](repeating: 3, count: 80)]) }
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors { _ = model.logits([[Int](repeating: 3, count: 81)]) }
    }
    #expect(error?.description.contains("81 tokens, but the model has 80 positions") == true)
    // Padding beyond the last position harms no one.
    let cache = model.makeCache(rowCount: 2, capacity: 80)
    let rows = [[Int](repeating: 4, count: 79), [5]]
    _ = model.states(rows, cache: cache)
    let states = model.states([[6], [7, 8, 9]], cache: cache)
    let whole = model.states(Tensor(rows: [[5, 7, 8, 9]]), checkpointing: false)
    expectClose(states.picked(0, 1), whole.picked(0, 0).narrowed(0, 1..<4), atol: 1e-5)
  }
}
