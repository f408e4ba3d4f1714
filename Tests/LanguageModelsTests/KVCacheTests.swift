// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import TestSupport
import Testing
import Torch

@Suite("Key-value cache")
struct KVCacheTests {
  /// States of a text read at once, of its position `last`.
  private func direct(_ model: any LanguageModel, _ ids: [Int]) -> Tensor {
    model.states(Tensor(rows: [ids]), checkpointing: false).picked(1, ids.count - 1)
  }

  private func expectRows(
    _ states: Tensor, _ model: any LanguageModel, _ texts: [[Int]],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(states.shape == [texts.count, 1, model.outputWeight.size(1)])
    for (row, text) in texts.enumerated() {
      expectClose(
        states.picked(0, row), direct(model, text), atol: 1e-5, rtol: 1e-5,
        sourceLocation: sourceLocation)
    }
  }

  @Test(
    "rows of unequal length, leaving and changing places, have the states of texts read at once",
    arguments: ["tied", "biased", "llama3", "linear", "yarn"])
  func unequalRows(name: String) throws {
    let model = try Fixture.model(name)
    var texts = [[5, 6, 7, 8, 9, 10, 11], [12], [30, 31, 32, 33], [3, 4]]
    let longest = 7
    withoutGrad {
      let cache = model.makeCache(rowCount: 4, capacity: 20)
      #expect(cache.isEmpty)
      let padded = texts.map { $0 + [Int](repeating: 39, count: longest - $0.count) }
      let states = model.states(Tensor(rows: padded), cache: cache)
      for (row, text) in texts.enumerated() {
        let last = states.picked(0, row).narrowed(0, text.count - 1..<text.count)
        expectClose(last, direct(model, text), atol: 1e-5, rtol: 1e-5)
      }
      cache.setLengths(texts.map(\.count))
      func step(_ tokens: [Int]) {
        for (row, token) in tokens.enumerated() { texts[row].append(token) }
        let new = model.states(Tensor(tokens, shape: [tokens.count, 1]), cache: cache)
        expectRows(new, model, texts)
        #expect(cache.lengths == texts.map(\.count))
      }
      step([20, 21, 22, 23])
      step([24, 25, 26, 27])
      cache.keep(rows: [3, 0])
      texts = [texts[3], texts[0]]
      step([13, 14])
      step([15, 16])
      cache.keep(rows: [0])
      texts = [texts[0]]
      step([17])
      #expect(texts == [[3, 4, 23, 27, 13, 15, 17]])
    }
  }

  @Test("rows of equal length need no mask and give the same states")
  func equalRows() throws {
    let model = try Fixture.model("tied")
    withoutGrad {
      let cache = model.makeCache(rowCount: 2, capacity: 4)
      _ = model.states(Tensor(rows: [[5, 6], [7, 8]]), cache: cache)
      #expect(cache.lengths == [2, 2])
      let new = model.states(Tensor(rows: [[9], [10]]), cache: cache)
      expectRows(new, model, [[5, 6, 9], [7, 8, 10]])
      let last = model.states(Tensor(rows: [[11], [12]]), cache: cache)
      expectRows(last, model, [[5, 6, 9, 11], [7, 8, 10, 12]])
    }
  }

  // Within the pretrained range a dynamic table is the plain one.
  @Test("dynamic scaling decodes within its range")
  func dynamic() throws {
    let model = try Fixture.model("dynamic")
    withoutGrad {
      let cache = model.makeCache(rowCount: 1, capacity: 32)
      var text = [4, 5, 6]
      _ = model.states(Tensor(rows: [text]), cache: cache)
      for token in 7..<36 {
        text.append(token)
        expectRows(model.states(Tensor(rows: [[token]]), cache: cache), model, [text])
      }
    }
  }

  @Test("a cache that is full says so")
  func full() async {
    await #expect(processExitsWith: .failure) {
      let model = try Fixture.model("tied")
      let cache = model.makeCache(rowCount: 1, capacity: 2)
      _ = model.states(Tensor(rows: [[5, 6, 7]]), cache: cache)
    }
    await #expect(processExitsWith: .failure) {
      let model = try Fixture.model("tied")
      let cache = model.makeCache(rowCount: 1, capacity: 2)
      _ = model.states(Tensor(rows: [[5, 6]]), cache: cache)
      _ = model.states(Tensor(rows: [[7]]), cache: cache)
    }
  }
}
