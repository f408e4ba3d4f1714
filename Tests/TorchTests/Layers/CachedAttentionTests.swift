// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Torch

@Suite("Attention over a cache")
struct CachedAttentionTests {
  private static let rows = [3, 0, 2]
  private static let places = [0..<9, 4..<5, 2..<7]

  private func random(_ seed: UInt64, _ shape: [Int], _ type: ElementType) -> Tensor {
    Generator(seed: seed).normal(shape: shape).to(type)
  }

  /// Softmax attention in float64, one row after the other.
  private func expected(
    _ query: Tensor, _ keys: Tensor, _ values: Tensor, scale: Double, cap: Double?
  ) -> [Double] {
    let group = query.size(1) / keys.size(1)
    return Self.rows.indices.flatMap { b in
      (0..<query.size(1)).flatMap { head -> [Double] in
        func seen(_ cache: Tensor) -> Tensor {
          cache.picked(0, Self.rows[b]).picked(0, head / group).narrowed(0, Self.places[b])
            .to(.float64)
        }
        let q = query.picked(0, b).picked(0, head).to(.float64)  // [1, K]
        let plain = q.matmul(seen(keys).transposed(0, 1)) * scale
        let scores = cap.map { tanh(plain / $0) * $0 } ?? plain
        return exp(scores.logSoftmax(-1)).matmul(seen(values)).doubles
      }
    }
  }

  @Test(
    "each row sees its own places of its own row, in whatever type and group",
    arguments: [ElementType.float32, .bfloat16], [1, 2, 4])
  func formula(type: ElementType, group: Int) {
    for (width, cap) in [(6, nil), (64, nil), (6, 2), (64, 2)] as [(Int, Double?)] {
      let query = random(1, [3, 2 * group, 1, width], type)
      let keys = random(2, [4, 2, 12, width], type)
      let values = random(3, [4, 2, 12, width], type)
      let scale = 2 / Double(width).squareRoot()
      let found = cachedAttention(
        query, keys, values, rows: Self.rows, places: Self.places, scale: scale, cap: cap)
      #expect(found.shape == query.shape && found.elementType == type)
      // The one rounding in bfloat16 is that of the result: half a unit of 8 bits.
      expectClose(
        found.doubles, expected(query, keys, values, scale: scale, cap: cap), atol: 1e-5,
        rtol: type == .bfloat16 ? 1.0 / 256 : 1e-5)
    }
  }

  @Test(
    "from the products on, it turns, writes and attends as the three steps do, bit for bit",
    arguments: [ElementType.float32, .bfloat16], [false, true])
  func newTokens(type: ElementType, isApart: Bool) {
    let (width, group) = (16, 2)
    // As views of one wide product, which is how stacked matrices leave them.
    let wide = random(1, [3, 1, (group + 2) * 2 * width], type)
    let products = [(0, 4), (4, 6), (6, 8)].map { wide.narrowed(2, $0.0 * width..<$0.1 * width) }
    let (keys, values) = (random(2, [4, 2, 12, width], type), random(3, [4, 2, 12, width], type))
    let angles = random(4, isApart ? [3, 1, 1, 12] : [1, 12], .float32)
    let places = Self.places.map { $0.lowerBound...$0.upperBound - 1 }

    let heads = products.map { $0.reshaped([3, 1, -1, width]).transposed(1, 2) }
    let turned = heads.map { rotary($0, cosine: cos(angles), sine: sin(angles)) }
    let (expectedKeys, expectedValues) = (keys.copy(), values.copy())
    let starts = places.map(\.upperBound)
    expectedKeys.writeTokensInPlace(turned[1], rows: Self.rows, starts: starts, counts: [1, 1, 1])
    expectedValues.writeTokensInPlace(heads[2], rows: Self.rows, starts: starts, counts: [1, 1, 1])
    let expected = cachedAttention(
      turned[0], expectedKeys, expectedValues, rows: Self.rows, places: Self.places, scale: 0.3,
      cap: 2)

    let found = tokenAttention(
      products[0], products[1], products[2], cosine: cos(angles), sine: sin(angles), keys: keys,
      values: values, rows: Self.rows, places: places, scale: 0.3, cap: 2)
    #expect(found.shape == [3, 1, 4 * width] && found.elementType == type)
    #expect(found.floats == expected.transposed(1, 2).reshaped([-1]).floats)
    #expect(keys.floats == expectedKeys.floats)
    #expect(values.floats == expectedValues.floats)
  }

  @Test("new tokens that fit no cache are refused with what does not fit")
  func misfit() {
    let (keys, turn) = (random(2, [4, 2, 12, 8], .float32), random(1, [1, 8], .float32))
    func attempt(_ query: [Int], _ key: [Int], row: Int = 0, last: Int = 3) -> String? {
      do {
        _ = try withTensorErrors {
          tokenAttention(
            random(1, query, .float32), random(2, key, .float32), random(3, key, .float32),
            cosine: turn, sine: turn, keys: keys, values: keys.copy(), rows: [row],
            places: [0...last], scale: 1)
        }
        return nil
      } catch {
        return "\(error)"
      }
    }
    #expect(attempt([1, 1, 32], [1, 1, 16]) == nil)
    #expect(attempt([1, 1, 24], [1, 1, 16])?.contains("do not fit a cache") == true)
    #expect(attempt([1, 1, 32], [1, 1, 8])?.contains("do not fit a cache") == true)
    #expect(attempt([1, 1, 32], [1, 1, 16], last: 12)?.contains("row 0, tokens 0 to 13") == true)
    #expect(attempt([1, 1, 32], [1, 1, 16], row: 4)?.contains("row 4") == true)
  }

  @Test("a row's result does not depend on its neighbours, bit for bit")
  func neighbours() {
    let query = random(1, [40, 6, 1, 64], .bfloat16)
    let keys = random(2, [40, 3, 200, 64], .bfloat16)
    let values = random(3, [40, 3, 200, 64], .bfloat16)
    let places = (0..<40).map { 0..<1 + 5 * $0 }
    let all = cachedAttention(
      query, keys, values, rows: Array(0..<40), places: places, scale: 0.125)
    for row in [0, 7, 39] {
      let alone = cachedAttention(
        query.narrowed(0, row..<row + 1), keys, values, rows: [row], places: [places[row]],
        scale: 0.125)
      #expect(alone.floats == all.picked(0, row).floats)
    }
  }

  @Test("a score far above the others takes all, without overflow")
  func extremes() {
    let query = Tensor([Float(300), 0], shape: [1, 1, 1, 2])
    let keys = Tensor([Float(-300), 0, 300, 0, 0, 1], shape: [1, 1, 3, 2])
    let values = Tensor([Float(1), 2, 3, 4, 5, 6], shape: [1, 1, 3, 2])
    let found = cachedAttention(query, keys, values, rows: [0], places: [0..<3], scale: 1)
    #expect(found.floats == [3, 4])
  }
}
