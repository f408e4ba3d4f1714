// SPDX-License-Identifier: Apache-2.0
import CTorch

/// y = x Wᵀ + b, with an adapter's update where the store that builds the model has one for this place.
public struct Linear {
  /// W as it lies in memory.
  public let matrix: MatrixStorage
  /// `[out]`, or nil.
  public let bias: Tensor?
  /// What an adapter adds; nil for all layers of a model without one.
  public let update: LowRankUpdate?

  /// Makes or reads `weight` and, if wanted, `bias` in the scope.
  ///
  /// - Parameters:
  ///   - scope: where the two are.
  ///   - input: numbers of a vector that goes in.
  ///   - output: numbers of one that comes out.
  ///   - bias: whether there is one.
  ///   - deviation: of fresh weights.
  ///   - isTransposed: whether the checkpoint stores `weight` as `[in, out]`, as GPT-2's files do.
  public init(
    _ scope: Scope, from input: Int, to output: Int, bias: Bool, deviation: Double = 0.02,
    isTransposed: Bool = false
  ) {
    matrix = scope.matrix(
      "weight", from: input, to: output, .normal(deviation: deviation), isTransposed: isTransposed)
    self.bias = bias ? scope.parameter("bias", [output], .zeros) : nil
    update = scope.update(of: matrix)
  }

  /// The matrix in effect, `[out, in]`: dense, and with the adapter's update.
  public var weight: Tensor { update?.matrix(over: matrix) ?? matrix.numbers }

  /// `[..., in]` to `[..., out]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    update?(x, matrix, bias) ?? matrix.product(x, bias: bias)
  }

  /// The map of `x`, `[..., out]`, added to a residual of that shape.
  public func callAsFunction(_ x: Tensor, addedTo residual: Tensor) -> Tensor {
    packed.map { $0.product(x, bias: bias, residual: residual) } ?? residual + self(x)
  }

  /// The matrix, where it is packed and nothing is added to it.
  private var packed: PackedMatrix? {
    guard update == nil, case .quantized(let matrix, _) = matrix else { return nil }
    return matrix as? PackedMatrix
  }

  /// The maps of one `x`, in one call where they are packed for that.
  public static func all(_ maps: [Linear], of x: Tensor) -> [Tensor] {
    let packed = maps.compactMap { map in map.packed.map { ($0, map.bias) } }
    if packed.count == maps.count, let found = PackedMatrix.products(x, packed) { return found }
    return maps.map { $0(x) }
  }
}

/// x Wᵀ + b with the weight given: for heads tied to the embedding.
public func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
  produce("linear of \(x.shape) by \(weight.shape)") {
    ct_linear(x.pointer, weight.pointer, bias?.pointer, $0)
  }
}

/// A table of vectors, one a token.
public struct Embedding {
  /// `[V, D]`.
  public let weight: Tensor

  /// Makes or reads `weight` in the scope.
  public init(_ scope: Scope, count: Int, width: Int, deviation: Double = 0.02) {
    weight = scope.parameter("weight", [count, width], .normal(deviation: deviation))
  }

  /// Token ids `[...]`, int64, to vectors `[..., D]`.
  public func callAsFunction(_ ids: Tensor) -> Tensor {
    produce("embedding of \(ids.shape)") { ct_embedding(weight.pointer, ids.pointer, $0) }
  }
}

/// Root-mean-square normalisation: x / sqrt(mean(x²) + ε) in float32, times a gain.
public struct RMSNorm {
  /// `[D]`.
  public let weight: Tensor
  /// ε, added under the root.
  public let epsilon: Double
  /// Whether the gain is 1 + weight, applied before the conversion to the input's type (Gemma).
  public let isAroundOne: Bool

  /// Makes or reads `weight` in the scope.
  public init(_ scope: Scope, width: Int, epsilon: Double, isAroundOne: Bool = false) {
    weight = scope.parameter("weight", [width], isAroundOne ? .zeros : .ones)
    self.epsilon = epsilon
    self.isAroundOne = isAroundOne
  }

  /// `[..., D]` to `[..., D]`, the input's type.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    rmsNorm(x, gain: weight, epsilon: epsilon, isAroundOne: isAroundOne)
  }
}

/// gain ⊙ x / √(mean x² + ε) over the last axis, in one pass over memory.
///
/// - Parameters:
///   - x: `[..., D]`.
///   - gain: `[D]`.
///   - epsilon: added under the root.
///   - isAroundOne: whether 1 + gain is meant, applied before the conversion to the input's type.
/// - Returns: as `x`.
public func rmsNorm(_ x: Tensor, gain: Tensor, epsilon: Double, isAroundOne: Bool = false) -> Tensor
{
  produce("RMS norm of \(x.shape)") {
    ct_rms_norm(x.pointer, gain.pointer, epsilon, isAroundOne, $0)
  }
}

/// Normalisation to mean 0 and variance 1, times a gain, plus a bias.
public struct LayerNorm {
  /// `[D]`.
  public let weight: Tensor
  /// `[D]`.
  public let bias: Tensor
  /// ε, added to the variance.
  public let epsilon: Double

  /// Makes or reads `weight` and `bias` in the scope.
  public init(_ scope: Scope, width: Int, epsilon: Double) {
    weight = scope.parameter("weight", [width], .ones)
    bias = scope.parameter("bias", [width], .zeros)
    self.epsilon = epsilon
  }

  /// `[..., D]` to `[..., D]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    produce("layer norm of \(x.shape)") {
      ct_layer_norm(x.pointer, weight.pointer, bias.pointer, epsilon, $0)
    }
  }
}

/// Turns pairs of coordinates by position-dependent angles (half-split layout).
///
/// - Parameters:
///   - x: queries or keys `[B, H, T, K]`.
///   - cosine: `[T, K']`, or `[B, 1, T, K']` where rows stand at different positions; where K' is below K, only the
///     first K' numbers of a head turn.
///   - sine: as `cosine`.
/// - Returns: as `x`.
public func rotary(_ x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor {
  produce("rotary of \(x.shape) by \(cosine.shape)") {
    ct_rotary(x.pointer, cosine.pointer, sine.pointer, $0)
  }
}

/// silu(gate) ⊙ up: the inside of a SwiGLU layer, in one pass over memory.
///
/// - Parameters:
///   - gate: any shape.
///   - up: of the same shape.
/// - Returns: as `gate`.
public func siluGate(_ gate: Tensor, _ up: Tensor) -> Tensor {
  produce("gate of \(gate.shape) on \(up.shape)") { ct_silu_gate(gate.pointer, up.pointer, $0) }
}

/// Softmax attention over keys.
///
/// - Parameters:
///   - query: `[B, H, T, K]`.
///   - key: `[B, H', S, K]`; `H'` divides `H`, and each key head serves `H / H'` query heads.
///   - value: as `key`.
///   - mask: true where attention is allowed, broadcast to `[B, H, T, S]`; nil allows all (or what `causal` leaves).
///   - causal: position t sees positions up to t; needs T = S and no mask.
///   - scale: the factor on the products, normally K^-1/2.
///   - cap: bounds the scores before the mask: s becomes cap · tanh(s / cap); nil leaves them.
/// - Returns: `[B, H, T, K]`.
public func attention(
  _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor? = nil, causal: Bool, scale: Double,
  cap: Double? = nil
) -> Tensor {
  produce("attention of \(query.shape), \(key.shape)") {
    ct_attention(
      query.pointer, key.pointer, value.pointer, mask?.pointer, causal, scale, cap ?? 0, $0)
  }
}

/// Softmax attention of one new token a row over what rows of a cache hold, each over its own tokens.
///
/// On the CPU, in float32 or bfloat16; no gradient.
///
/// - Parameters:
///   - query: `[B, H, 1, K]`.
///   - keys: a whole cache, `[R, H', C, K]`; `H'` divides `H`.
///   - values: as `keys`.
///   - rows: the row of the cache of each query.
///   - places: the tokens each query sees, not empty.
///   - scale: the factor on the products.
///   - cap: bounds the scores: s becomes cap · tanh(s / cap); nil leaves them.
/// - Returns: `[B, H, 1, K]`.
package func cachedAttention(
  _ query: Tensor, _ keys: Tensor, _ values: Tensor, rows: [Int], places: [Range<Int>],
  scale: Double, cap: Double? = nil
) -> Tensor {
  produce("attention of \(query.shape) over a cache of \(keys.shape)") {
    ct_cached_attention(
      query.pointer, keys.pointer, values.pointer, rows.map(Int64.init),
      places.map { Int64($0.lowerBound) }, places.map { Int64($0.upperBound) }, scale, cap ?? 0, $0)
  }
}

/// Attention of one new token a row with what is around it: turns queries and keys, writes keys and values behind what the
/// rows of a cache hold, and attends.
///
/// On the CPU, in float32 or bfloat16; no gradient.
///
/// - Parameters:
///   - query: `[B, 1, H K]`, as the product gives it.
///   - key: `[B, 1, H' K]`; `H'` divides `H`.
///   - value: as `key`.
///   - cosine: `[1, P]`, or `[B, 1, 1, P]` where rows stand at different positions, as ``rotary(_:cosine:sine:)`` has it.
///   - sine: as `cosine`.
///   - keys: a whole cache of the query's type, `[R, H', C, K]`; written to.
///   - values: as `keys`.
///   - rows: the row of the cache of each query.
///   - places: the tokens each query sees; the last is where its own key goes.
///   - scale: the factor on the products.
///   - cap: bounds the scores: s becomes cap · tanh(s / cap); nil leaves them.
/// - Returns: `[B, 1, H K]`.
package func tokenAttention(
  _ query: Tensor, _ key: Tensor, _ value: Tensor, cosine: Tensor, sine: Tensor, keys: Tensor,
  values: Tensor, rows: [Int], places: [ClosedRange<Int>], scale: Double, cap: Double? = nil
) -> Tensor {
  produce("attention of \(query.shape) over a cache of \(keys.shape)") {
    ct_token_attention(
      query.pointer, key.pointer, value.pointer, cosine.pointer, sine.pointer, keys.pointer,
      values.pointer, rows.map(Int64.init), places.map { Int64($0.lowerBound) },
      places.map { Int64($0.upperBound) }, scale, cap ?? 0, $0)
  }
}

/// Log-probabilities of given next tokens, with what else the same pass over the logits can give.
public struct TargetLogProbs {
  /// `[N]`, nats, float32.
  public let logProbs: Tensor
  /// `[N]`, nats; nil unless asked for.
  public let entropy: Tensor?
  /// `[N]`, 1 where the target was the likeliest token; nil unless asked for. No gradient.
  public let top1: Tensor?
  /// `[N]`, mean of all V logits, before the temperature; nil unless asked for. No gradient.
  public let meanLogit: Tensor?
}

/// Log-probabilities of `targets` under softmax(hidden · weightᵀ / temperature) without holding `[N, V]` logits.
///
/// - Parameters:
///   - hidden: `[N, D]`, the states before the targets.
///   - weight: `[V, D]`, the output matrix.
///   - targets: token ids `[N]`, int64.
///   - temperature: above 0; divides the logits.
///   - cap: bounds the logits before that: l becomes cap · tanh(l / cap); nil leaves them.
///   - wantsEntropy: also gives the entropy of each whole distribution.
///   - wantsTop1: also tells whether the target was the likeliest.
///   - wantsMeanLogit: also gives the mean of each position's logits.
///   - chunkElements: about how many logits may exist at once; nil takes 4 million, or 512 rows where those are not more
///     than 16 million. Each chunk's products lay the output matrix out anew, which fewer rows do not pay for.
/// - Returns: log-probabilities, and what else was asked for.
public func targetLogProbs(
  hidden: Tensor, weight: Tensor, targets: Tensor, temperature: Double = 1, cap: Double? = nil,
  wantsEntropy: Bool = false, wantsTop1: Bool = false, wantsMeanLogit: Bool = false,
  chunkElements: Int? = nil
) -> TargetLogProbs {
  let width = Swift.max(1, weight.size(0))
  let chunk =
    chunkElements.map { Swift.max(16, $0 / width) }
    ?? Swift.max(16, Swift.min(512, (1 << 24) / width), (1 << 22) / width)
  var entropy: ct_tensor?
  var top1: ct_tensor?
  let logProbs = produce("log-probs of \(targets.shape) targets") {
    ct_target_log_probs(
      hidden.pointer, weight.pointer, targets.pointer, temperature, cap ?? 0, Int64(chunk),
      wantsEntropy, wantsTop1, $0, &entropy, &top1)
  }
  let entropyTensor = entropy.map(Tensor.init(owning:))
  let top1Tensor = top1.map(Tensor.init(owning:))
  return TargetLogProbs(
    logProbs: logProbs, entropy: wantsEntropy ? entropyTensor : nil,
    top1: wantsTop1 ? top1Tensor : nil,
    meanLogit: wantsMeanLogit ? meanLogits(hidden, weight, cap, chunk) : nil)
}

/// Mean logit of each position, `[N]`: the product with the mean row of the output matrix, so no logits are needed
/// unless a cap bends them; then `chunk` rows of them exist at once.
private func meanLogits(
  _ hidden: Tensor, _ weight: Tensor, _ cap: Double?, _ chunk: Int
) -> Tensor {
  withoutGrad {
    let type: ElementType = hidden.elementType == .float64 ? .float64 : .float32
    let (states, head) = (hidden.detached().to(type), weight.detached().to(type))
    guard let cap else { return states.matmul(head.mean(0)) }
    let count = states.size(0)
    return concatenated(
      stride(from: 0, to: count, by: chunk).map { start in
        let part = states.narrowed(0, start..<Swift.min(count, start + chunk))
        return (tanh(linear(part, head) / cap) * cap).mean(1)
      })
  }
}
