// SPDX-License-Identifier: Apache-2.0
import Torch

/// Cosines and sines by which positions turn queries and keys.
typealias Turn = (cosine: Tensor, sine: Tensor)

/// How the queries of a layer look at keys.
struct AttentionStyle {
  /// Factor on the products.
  var scale: Double
  /// Keys a query sees at most, its own included; nil sees all before it.
  var window: Int?
  /// Bound c of the scores, c · tanh(s / c); nil leaves them.
  var cap: Double?
}

extension AttentionContext {
  /// Attention of one layer's new tokens, whose keys and values are kept where there is a cache.
  ///
  /// - Parameters:
  ///   - query: `[B, H, T, K]`, turned.
  ///   - key: `[B, H', T, K]`, turned.
  ///   - value: as `key`.
  ///   - layer: the layer's number, from 0.
  ///   - style: what the layer's queries see.
  /// - Returns: `[B, T, H K]`.
  func attended(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, layer: Int, _ style: AttentionStyle
  ) -> Tensor {
    if let joined {
      return joinedHeads(
        joined.segments.attention(
          query, key, value, scale: style.scale, cap: style.cap, window: style.window))
    }
    if let mixed = attendTokens(query, key, value, layer: layer, style) {
      return joinedHeads(mixed)
    }
    let seen = attend(key, value, layer: layer, window: style.window)
    let mixed = attention(
      query, seen.keys, seen.values, mask: seen.mask, causal: seen.isCausal, scale: style.scale,
      cap: style.cap)
    return joinedHeads(mixed)
  }
}

/// `[B, T, H K]` to `[B, H, T, K]`.
func splitHeads(_ x: Tensor, width: Int) -> Tensor {
  x.reshaped([x.size(0), x.size(1), -1, width]).transposed(1, 2)
}

/// `[B, H, T, K]` to `[B, T, H K]`.
func joinedHeads(_ x: Tensor) -> Tensor {
  x.transposed(1, 2).reshaped([x.size(0), x.size(2), -1])
}
