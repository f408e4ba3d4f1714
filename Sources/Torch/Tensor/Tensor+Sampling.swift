// SPDX-License-Identifier: Apache-2.0
import CTorch

extension Tensor {
  /// Which entries to keep so that their probabilities reach a mass: the largest of this tensor of keys `[B, V]` first.
  ///
  /// - Parameters:
  ///   - mass: an entry is kept while those before it sum to less.
  ///   - probabilities: `[B, V]`; entries of probability 0 are never kept.
  ///   - minimum: entries kept in any case.
  ///   - keepingTies: whether entries with the key of the last one kept are kept too; else the rightmost come first.
  /// - Returns: bool `[B, V]`.
  package func keeping(
    mass: Double, of probabilities: Tensor, minimum: Int, keepingTies: Bool
  ) -> Tensor {
    produce("keep mass of \(shape)") {
      ct_keep_mass(pointer, probabilities.pointer, mass, Int64(minimum), keepingTies, $0)
    }
  }

  /// Draws an index a row of these probabilities `[B, V]` by inverting the cumulative distribution, in float64.
  ///
  /// - Parameter uniforms: one number in `[0, 1)` a row; rows need not sum to 1.
  /// - Returns: int64 `[B, 1]`.
  package func drawn(at uniforms: [Double]) -> Tensor {
    produce("draw from \(shape)") { ct_draw(pointer, uniforms, Int64(uniforms.count), $0) }
  }
}
