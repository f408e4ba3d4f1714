// SPDX-License-Identifier: Apache-2.0
@testable import LanguageModels
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
    withoutGrad {
      let cache = model.makeCache(rowCount: 4, capacity: 8)
      #expect(cache.isEmpty)
      let states = model.states(texts, cache: cache)
      for (row, text) in texts.enumerated() {
        let last = states.picked(0, row).narrowed(0, text.count - 1..<text.count)
        expectClose(last, direct(model, text), atol: 1e-5, rtol: 1e-5)
      }
      func step(_ tokens: [Int]) {
        for (row, token) in tokens.enumerated() { texts[row].append(token) }
        expectRows(model.states(tokens.map { [$0] }, cache: cache), model, texts)
        #expect(Array(cache.lengths.prefix(texts.count)) == texts.map(\.count))
      }
      step([20, 21, 22, 23])
      step([24, 25, 26, 27])
      cache.rearrange([3, 0])
      texts = [texts[3], texts[0]]
      step([13, 14])
      step([15, 16])
      texts = [texts[0]]
      step([17])
      #expect(texts == [[3, 4, 23, 27, 13, 15, 17]])
      #expect(cache.capacity > 8)
    }
  }

  @Test("rows of equal length need no mask and give the same states")
  func equalRows() throws {
    let model = try Fixture.model("tied")
    withoutGrad {
      let cache = model.makeCache(rowCount: 2, capacity: 4)
      _ = model.states([[5, 6], [7, 8]], cache: cache)
      #expect(cache.lengths == [2, 2])
      expectRows(model.states([[9], [10]], cache: cache), model, [[5, 6, 9], [7, 8, 10]])
      expectRows(
        model.states([[11], [12]], cache: cache), model, [[5, 6, 9, 11], [7, 8, 10, 12]])
    }
  }

  // Within the pretrained range a dynamic table is the plain one.
  @Test("dynamic scaling decodes within its range")
  func dynamic() throws {
    let model = try Fixture.model("dynamic")
    withoutGrad {
      let cache = model.makeCache(rowCount: 1, capacity: 32)
      var text = [4, 5, 6]
      _ = model.states([text], cache: cache)
      for token in 7..<36 {
        text.append(token)
        expectRows(model.states([[token]], cache: cache), model, [text])
      }
    }
  }

  @Test("texts continue by several tokens at once, in any rows", arguments: ["tied", "biased"])
  func continuations(name: String) throws {
    let model = try Fixture.model(name)
    withoutGrad {
      let cache = model.makeCache(rowCount: 5, capacity: 1)
      _ = model.states([[5, 6, 7], [8], [9, 10]], rows: [4, 0, 2], cache: cache)
      #expect(cache.lengths == [1, 0, 2, 0, 3])
      // Rows apart from each other, one of them empty, with unequal counts.
      let states = model.states(
        [[11, 12], [13, 14, 15, 16], [17]], rows: [2, 4, 1], cache: cache)
      let texts = [[9, 10, 11, 12], [5, 6, 7, 13, 14, 15, 16], [17]]
      for (row, (text, count)) in zip(texts, [2, 4, 1]).enumerated() {
        let whole = model.states(Tensor(rows: [text]), checkpointing: false).picked(0, 0)
        expectClose(
          states.picked(0, row).narrowed(0, 0..<count),
          whole.narrowed(0, text.count - count..<text.count), atol: 1e-5, rtol: 1e-5)
      }
      #expect(cache.lengths == [1, 1, 4, 0, 7])
      // Rows side by side, equally long.
      let equal = model.states([[20, 21], [22, 23]], rows: [0, 1], cache: cache)
      for (row, text) in [[8, 20, 21], [17, 22, 23]].enumerated() {
        let whole = model.states(Tensor(rows: [text]), checkpointing: false).picked(0, 0)
        expectClose(equal.picked(0, row), whole.narrowed(0, 1..<3), atol: 1e-5, rtol: 1e-5)
      }
    }
  }

  @Test("rows are copied, cut back, kept outside and filled again")
  func copies() throws {
    let model = try Fixture.model("llama3")
    withoutGrad {
      let cache = model.makeCache(rowCount: 3, capacity: 4)
      _ = model.states([[5, 6, 7, 8, 9]], cache: cache)
      cache.copy(row: 0, to: 2, count: 3)
      #expect(cache.lengths == [5, 0, 3])
      let segment = cache.segment(row: 0, count: 4)
      cache.truncate(row: 0, to: 1)
      expectRows(
        model.states([[10], [11]], rows: [2, 0], cache: cache), model, [[5, 6, 7, 10], [5, 11]])
      let other = model.makeCache(rowCount: 2, capacity: 2)
      other.load(segment, row: 1, count: 4)
      expectRows(model.states([[12]], rows: [1], cache: other), model, [[5, 6, 7, 8, 12]])
      other.load(segment, row: 1, count: 2)
      expectRows(model.states([[13]], rows: [1], cache: other), model, [[5, 6, 13]])
    }
  }

  @Test("a window hides what is before it, alone and in a cache, and keys outside it are not read")
  func windows() {
    let generator = Generator(seed: 3)
    let keys = generator.normal(shape: [2, 1, 9, 4])
    let values = generator.normal(shape: [2, 1, 9, 4])
    let queries = generator.normal(shape: [2, 1, 9, 4])
    func mixed(_ query: Tensor, _ seen: AttentionKeys) -> Tensor {
      attention(
        query, seen.keys, seen.values, mask: seen.mask, causal: seen.isCausal, scale: 0.5)
    }
    func part(_ tensor: Tensor, _ range: Range<Int>, rows: Range<Int> = 0..<2) -> Tensor {
      tensor.narrowed(0, rows).narrowed(2, range)
    }
    for window in [1, 3, 8, 9, 20] {
      let whole = mixed(
        queries,
        AttentionContext(text: 9, device: .cpu).attend(keys, values, layer: 0, window: window))
      // By the definition: query t sees keys max(0, t - W + 1) up to t.
      for t in 0..<9 {
        let range = max(0, t - window + 1)..<t + 1
        let alone = attention(
          part(queries, t..<t + 1), part(keys, range), part(values, range), causal: false,
          scale: 0.5)
        expectClose(part(whole, t..<t + 1), alone, atol: 1e-6, rtol: 1e-5)
      }
      let cache = KVCache(
        layerCount: 1, rowCount: 2, keyHeadCount: 1, headWidth: 4, capacity: 2,
        elementType: .float32, device: .cpu)
      var starts = [0, 0]
      for counts in [[3, 2], [2, 2], [1, 2], [1, 1], [1, 1]] {
        let width = counts.max() ?? 0
        func padded(_ tensor: Tensor) -> Tensor {
          concatenated(
            (0..<2).map { row in
              let first = min(starts[row], 9 - width)
              return part(tensor, first..<first + width, rows: row..<row + 1)
            })
        }
        let context = cache.beginStep(rows: [0, 1], counts: counts, tokenCount: width)
        let seen = context.attend(padded(keys), padded(values), layer: 0, window: window)
        if counts == [1, 1], starts[0] == starts[1] {
          #expect(seen.mask == nil)
          #expect(seen.keys.size(2) == min(window, starts[0] + 1))
        }
        let found = mixed(padded(queries), seen)
        cache.endStep(rows: [0, 1], counts: counts)
        for row in 0..<2 {
          expectClose(
            part(found, 0..<counts[row], rows: row..<row + 1),
            part(whole, starts[row]..<starts[row] + counts[row], rows: row..<row + 1), atol: 1e-6,
            rtol: 1e-5)
          starts[row] += counts[row]
        }
      }
    }
  }

  @Test("rows that are not there are refused")
  func wrongRows() async {
    await #expect(processExitsWith: .failure) {
      let model = try Fixture.model("tied")
      _ = model.states([[5]], rows: [1], cache: model.makeCache(rowCount: 1, capacity: 2))
    }
    await #expect(processExitsWith: .failure) {
      let model = try Fixture.model("tied")
      _ = model.states([[5], [6]], rows: [0, 0], cache: model.makeCache(rowCount: 1, capacity: 2))
    }
  }
}
