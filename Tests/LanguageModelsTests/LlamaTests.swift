// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import TestSupport
import Testing
import Torch

@Suite("Llama against transformers")
struct LlamaTests {
  @Test("logits of single rows are those of transformers", arguments: Fixture.names)
  func singleRows(name: String) throws {
    let model = try Fixture.model(name)
    for row in try Fixture.expected(name).rows {
      expectClose(model.logits([row.ids]).reshaped([-1]), row.logits, atol: 1e-4, rtol: 1e-5)
    }
  }

  // Dynamic scaling looks at the longest row of a batch, as it does in transformers.
  @Test(
    "logits of rows padded on the right are those of the rows alone",
    arguments: Fixture.names.filter { $0 != "dynamic" }, [0, 39])
  func paddedRows(name: String, pad: Int) throws {
    let rows = try Fixture.expected(name).rows
    let width = rows.map(\.ids.count).max() ?? 0
    let padded = rows.map { $0.ids + [Int](repeating: pad, count: width - $0.ids.count) }
    let logits = try Fixture.model(name).logits(padded)
    for (index, row) in rows.enumerated() {
      let found = logits.picked(0, index).narrowed(0, 0..<row.ids.count)
      expectClose(found.reshaped([-1]), row.logits, atol: 1e-4, rtol: 1e-5)
    }
  }

  @Test("a model reads long and short texts in any order alike", arguments: Fixture.names)
  func anyOrder(name: String) throws {
    let model = try Fixture.model(name)
    let rows = try Fixture.expected(name).rows
    for row in rows + rows.reversed() {
      expectClose(model.logits([row.ids]).reshaped([-1]), row.logits, atol: 1e-4, rtol: 1e-5)
    }
  }

  @Test("token log-probs are those of transformers", arguments: Fixture.names)
  func tokenLogProbs(name: String) throws {
    let model = try Fixture.model(name)
    let rows = try Fixture.expected(name).rows
    for row in rows {
      let found = model.targetLogProbs(of: TokenBatch([wholeRow(row.ids)], padTokenID: 0))
      expectClose(found.logProbs, row.tokenLogProbs, atol: 1e-4, rtol: 1e-5)
    }
  }

  @Test("entropy and top-1 agree with the logits")
  func entropyAndTop1() throws {
    let model = try Fixture.model("tied")
    let row = try Fixture.expected("tied").rows[2]
    let found = withoutGrad {
      model.targetLogProbs(
        of: TokenBatch([wholeRow(row.ids)], padTokenID: 0), temperature: 2.5, wantsEntropy: true,
        wantsTop1: true)
    }
    let table = row.logits.chunked(40).dropLast()
    let entropies = table.map { logits in
      let weights = logits.map { exponential($0 / 2.5) }
      let total = weights.reduce(0, +)
      return -weights.reduce(0) { $0 + $1 / total * logarithm($1 / total) }
    }
    expectClose(try #require(found.entropy), entropies, atol: 1e-4)
    let hits = zip(table, row.ids.dropFirst()).map { $0[$1] == $0.max() ? 1.0 : 0 }
    expectClose(try #require(found.top1), hits)
  }

  @Test(
    "loss and gradients are those of transformers, with and without checkpointing",
    arguments: Fixture.names, [false, true])
  func gradients(name: String, checkpointing: Bool) throws {
    let expected = try Fixture.expected(name)
    let model = try Fixture.model(name)
    model.setTrainable(true)
    let batch = TokenBatch(expected.gradientRows.map(wholeRow), padTokenID: 0)
    let loss = -model.targetLogProbs(of: batch, checkpointing: checkpointing).logProbs.sum()
    loss.backward()
    expectClose(loss, expected.gradients.loss, rtol: 1e-5)
    #expect(Set(model.parameters.map(\.name)) == Set(expected.gradients.norms.keys))
    for (name, tensor) in model.parameters {
      let gradient = try #require(tensor.grad).to(.float64)
      let norm = try #require(expected.gradients.norms[name])
      expectClose(sqrt(square(gradient).sum()), norm, rtol: 1e-4)
      if let sample = expected.gradients.samples[name] {
        let found = gradient.reshaped([-1]).narrowed(0, 0..<sample.count)
        expectClose(found, sample, atol: 1e-4 * norm)
      }
    }
  }

  @Test("checkpointing gives the blocks above a frozen embedding their gradients")
  func frozenEmbedding() throws {
    let batch = TokenBatch([wholeRow([3, 4, 5, 6])], padTokenID: 0)
    let gradients = try [false, true].map { checkpointing in
      let model = try Fixture.model("biased")
      model.setTrainable(true)
      let embedding = try #require(model.parameters.first)
      #expect(embedding.name == "model.embed_tokens.weight")
      embedding.tensor.requiringGrad(false)
      model.sequenceLogProbs(of: batch, checkpointing: checkpointing).backward()
      #expect(embedding.tensor.grad.map(\.shape) == nil)
      return try model.parameters.dropFirst().map { try #require($0.tensor.grad).doubles }
    }
    expectClose(gradients[1].flatMap { $0 }, gradients[0].flatMap { $0 }, atol: 1e-6, rtol: 1e-5)
    #expect(gradients[0].allSatisfy { $0.contains { $0 != 0 } })
  }

  @Test("a frozen model gets no gradient")
  func frozen() throws {
    let model = try Fixture.model("tied")
    model.setTrainable(true)
    model.setTrainable(false)
    #expect(model.parameters.allSatisfy { !$0.tensor.requiresGrad })
    #expect(!model.states(Tensor(rows: [[3, 4]]), checkpointing: true).requiresGrad)
  }

  @Test("a copy has the same numbers and no shared memory")
  func copies() throws {
    let model = try Fixture.model("biased")
    let before = model.numbers
    let copy = try model.copy(elementType: .float32)
    #expect(copy.numbers == before)
    let optimizer = SGD(copy.parameters, learningRate: 0.1)
    copy.setTrainable(true)
    copy.sequenceLogProbs(of: TokenBatch([wholeRow([3, 4, 5])], padTokenID: 0)).backward()
    optimizer.step()
    #expect(copy.numbers != before)
    #expect(model.numbers == before)
    let wide = try model.copy(elementType: .float64)
    #expect(wide.elementType == .float64)
    let row = try Fixture.expected("biased").rows[1]
    expectClose(wide.logits([row.ids]).reshaped([-1]), row.logits, atol: 1e-4, rtol: 1e-5)
  }
}

extension [Double] {
  func chunked(_ width: Int) -> [[Double]] {
    stride(from: 0, to: count, by: width).map { Array(self[$0..<$0 + width]) }
  }
}
