// SPDX-License-Identifier: Apache-2.0
import CTorch

/// Texts that lie end to end in one row of N tokens, without padding, as attention sees them.
///
/// A text is a path: spans of tokens that other texts have too, then a segment of its own. So of texts with a common
/// beginning that beginning exists once.
public struct AttentionSegments: Sendable, Equatable {
  /// A run of tokens, and the spans a text has before it.
  public struct Segment: Sendable, Equatable {
    /// The segment's tokens.
    public var tokens: Range<Int>
    /// What comes before them in the text, in order; tokens of earlier segments.
    public var before: [Range<Int>]

    /// Creates a segment of at least one token.
    public init(_ tokens: Range<Int>, before: [Range<Int>] = []) {
      self.tokens = tokens
      self.before = before
    }
  }

  /// In the order of their tokens; each of the N tokens stands in exactly one.
  public let segments: [Segment]
  /// As the C function reads it.
  private let layout: [Int64]

  /// Creates a layout.
  public init(_ segments: [Segment]) {
    var end = 0
    for segment in segments {
      precondition(
        segment.tokens.lowerBound == end && !segment.tokens.isEmpty
          && segment.before.allSatisfy { !$0.isEmpty && $0.upperBound <= end },
        "attention segments: \(segment) does not follow \(end) tokens")
      end = segment.tokens.upperBound
    }
    self.segments = segments
    layout = segments.flatMap { segment in
      [segment.tokens.lowerBound, segment.tokens.count, segment.before.count].map(Int64.init)
        + segment.before.flatMap { [Int64($0.lowerBound), Int64($0.count)] }
    }
  }

  /// N.
  public var tokenCount: Int { segments.last?.tokens.upperBound ?? 0 }

  /// Causal softmax attention within each text.
  ///
  /// - Parameters:
  ///   - query: `[1, H, N, K]`.
  ///   - key: `[1, H', N, K]`; `H'` divides `H`, and each key head serves `H / H'` query heads.
  ///   - value: as `key`.
  ///   - scale: the factor on the products, normally K^-1/2.
  ///   - cap: bounds the scores: s becomes cap · tanh(s / cap); nil leaves them.
  ///   - window: keys a query sees at most, its own included; nil sees all before it.
  /// - Returns: `[1, H, N, K]`, the memory of one token's heads together.
  public func attention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, scale: Double, cap: Double? = nil,
    window: Int? = nil
  ) -> Tensor {
    produce("segment attention of \(query.shape), \(key.shape)") {
      ct_segment_attention(
        query.pointer, key.pointer, value.pointer, layout, Int64(layout.count), scale, cap ?? 0,
        Int64(window ?? 0), $0)
    }
  }
}
