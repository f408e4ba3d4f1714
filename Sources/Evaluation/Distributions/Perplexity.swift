// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How surprised a language model is by text.
///
///     perplexity = exp(−mean log p over predicted tokens)
///     bits per byte = −Σ log p / (bytes · ln 2)
///
/// A corpus pools its tokens; perplexities are never averaged. The first token of a text is not
/// predicted and must not be passed. Models with different tokenizers compare by bits per byte only.
public struct Perplexity: Sendable, Equatable {
  /// Resampling over texts for the interval; nil for none.
  public var bootstrap: Bootstrap?

  /// Creates the metric.
  public init(bootstrap: Bootstrap? = nil) {
    self.bootstrap = bootstrap
  }

  /// Perplexity of a corpus.
  ///
  /// - Parameter tokenLogProbs: log p of each predicted token in nats, one list a text.
  /// - Returns: a value of at least 1 (for probabilities); `count` is the number of tokens.
  /// - Throws: ``EvaluationError`` for no tokens or values that are not numbers.
  public func callAsFunction(_ tokenLogProbs: [[Double]]) throws -> Estimate {
    let count = tokenLogProbs.reduce(0) { $0 + $1.count }
    try Require.count(count, atLeast: 1, "predicted tokens", in: "perplexity")
    for text in tokenLogProbs { try Require.finite(text, "log-prob", in: "perplexity") }
    let sums = tokenLogProbs.map { $0.reduce(0, +) }
    let interval = bootstrap?.interval(itemCount: sums.count) { indices in
      let tokens = indices.reduce(0) { $0 + tokenLogProbs[$1].count }
      return tokens > 0 ? exp(-indices.reduce(0) { $0 + sums[$1] } / Double(tokens)) : nil
    }
    return Estimate(
      value: exp(-sums.reduce(0, +) / Double(count)), count: count, interval: interval,
      options: bootstrap?.options ?? [:])
  }

  /// Bits per byte of text.
  ///
  /// - Parameters:
  ///   - nats: −Σ log p over all predicted tokens.
  ///   - byteCount: UTF-8 bytes of the text those tokens spell, at least 1.
  /// - Returns: bits a byte.
  public static func bitsPerByte(nats: Double, byteCount: Int) -> Double {
    precondition(byteCount > 0, "bitsPerByte: \(byteCount) bytes; give the text's UTF-8 length")
    return nats / (Double(byteCount) * log(2.0))
  }
}

/// A stretch of a long text for one forward pass, and the part of it whose tokens are scored.
public struct ScoringWindow: Sendable, Equatable {
  /// Tokens to run through the model.
  public var context: Range<Int>
  /// Tokens whose log-probs count; a suffix of `context`, without the text's first token.
  public var scored: Range<Int>

  /// Covers a text so that every token but the first is scored exactly once.
  ///
  /// - Parameters:
  ///   - tokenCount: length of the text.
  ///   - contextLength: longest stretch the model takes, at least 2.
  ///   - stride: tokens scored by each further window, in 1 ..< contextLength; small is accurate
  ///     and slow.
  /// - Returns: windows from left to right; none for a text of fewer than 2 tokens.
  public static func covering(
    tokenCount: Int, contextLength: Int, stride: Int
  ) -> [ScoringWindow] {
    precondition(
      contextLength >= 2 && stride >= 1 && stride < contextLength,
      "ScoringWindow: context \(contextLength), stride \(stride); use 1 <= stride < context")
    guard tokenCount > 1 else { return [] }
    var end = min(contextLength, tokenCount)
    var windows = [ScoringWindow(context: 0..<end, scored: 1..<end)]
    while end < tokenCount {
      let next = min(end + stride, tokenCount)
      windows.append(
        ScoringWindow(context: max(0, next - contextLength)..<next, scored: end..<next))
      end = next
    }
    return windows
  }
}
