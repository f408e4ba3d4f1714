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
