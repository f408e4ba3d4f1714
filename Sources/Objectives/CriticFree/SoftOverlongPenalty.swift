// SPDX-License-Identifier: Apache-2.0

/// Takes something off the score of completions that come near the length limit, more the nearer they come.
///
///     0  up to  L − c tokens;    (L − c − tokens) / c  in between;    −1  beyond L
///
/// Source: Yu et al. 2025, arXiv:2503.14476, eq. 13. Departures: none.
public struct SoftOverlongPenalty: Sendable, Equatable {
  /// L: the limit in tokens.
  public var limit: Int
  /// c: over how many tokens before the limit the penalty grows, 1 to L.
  public var margin: Int

  /// Creates the penalty.
  public init(limit: Int, margin: Int) {
    self.limit = limit
    self.margin = max(1, min(margin, limit))
  }

  /// What is added to the score of a completion, −1 to 0.
  public func callAsFunction(tokenCount: Int) -> Double {
    let free = limit - margin
    if tokenCount <= free { return 0 }
    return tokenCount > limit ? -1 : Double(free - tokenCount) / Double(margin)
  }
}
