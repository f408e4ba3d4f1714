// SPDX-License-Identifier: Apache-2.0
import CTorch

extension Tensor {
  /// Writes tokens `[B, H, T, K]` into this cache `[R, H, C, K]`: the first `counts[i]` of them to row `rows[i]`, from
  /// place `starts[i]` on.
  package func writeTokensInPlace(
    _ source: Tensor, rows: [Int], starts: [Int], counts: [Int]
  ) {
    check(
      ct_cache_write(
        pointer, source.pointer, rows.map(Int64.init), starts.map(Int64.init),
        counts.map(Int64.init), Int64(rows.count)), "write \(source.shape) into cache \(shape)")
  }

  /// Copies a range of tokens of one row of this cache `[R, H, C, K]` over those of another.
  package func copyTokensInPlace(from: Int, to: Int, _ range: Range<Int>) {
    check(
      ct_cache_copy(
        pointer, Int64(from), Int64(to), Int64(range.lowerBound), Int64(range.upperBound)),
      "copy row \(from) to \(to) of cache \(shape)")
  }
}
