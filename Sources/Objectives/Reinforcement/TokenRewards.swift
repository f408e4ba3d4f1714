// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Turns one score a completion into a reward a token: the KL tax everywhere, the score at the end.
///
///     r_t = −β KL_t on real tokens,   plus the score at the last of them
///
/// Source: Ziegler et al. 2019, arXiv:1909.08593, eq. 2, with the estimator `k1`; ``ScorePosition/afterLast`` is
/// what Huang et al. 2024, arXiv:2403.17031, detail 4.2, found in the original code. Departures: none. Nothing here
/// carries a gradient.
public struct TokenRewards: Sendable, Equatable {
  /// Where the score goes; raw values are the names recipes use.
  public enum ScorePosition: String, Sendable, Codable, CaseIterable {
    /// At the last real token: the end-of-sequence token, or the last one of a cut-off completion.
    case lastToken = "last_token"
    /// One place further where there is room. Values are then needed there too: see ``TokenRewards/valueMask(_:)``.
    case afterLast = "after_last"
  }

  /// Where the score goes.
  public var scorePosition: ScorePosition
  /// Which estimate of the KL is taxed.
  public var estimator: KLEstimator

  /// Creates the rule; the defaults are the usual ones.
  public init(scorePosition: ScorePosition = .lastToken, estimator: KLEstimator = .k1) {
    self.scorePosition = scorePosition
    self.estimator = estimator
  }

  /// Rewards of B completions.
  ///
  /// - Parameters:
  ///   - scores: one a completion, `[B]`.
  ///   - tokenLogProbs: log π in nats under the policy that sampled, `[B, T]`.
  ///   - referenceLogProbs: the same under π_ref, `[B, T]`.
  ///   - mask: 1 on real tokens including the end-of-sequence token, `[B, T]`.
  ///   - klCoefficient: β, at least 0.
  /// - Returns: rewards `[B, T]`, 0 elsewhere. A completion without real tokens gets its score at place 0 with
  ///   ``ScorePosition/afterLast`` and nowhere otherwise.
  public func callAsFunction(
    scores: Tensor, tokenLogProbs: Tensor, referenceLogProbs: Tensor, mask: Tensor,
    klCoefficient: Double
  ) -> Tensor {
    withoutGrad {
      let penalties = kl(
        tokenLogProbs: tokenLogProbs, referenceLogProbs: referenceLogProbs, mask: mask)
      let isScored = scorePlaces(mask)  // [B, T]
      requireArguments(
        scores.shape == [mask.size(0)], "token rewards",
        "scores must be [\(mask.size(0))], one a completion; got \(scores.shape)")
      let placed = select(
        where: isScored, scores.to(penalties.elementType).unsqueezed(1), penalties.zerosLike())
      return placed - klCoefficient * penalties
    }
  }

  /// The estimated KL of each token, `[B, T]` in nats; 0 where the mask is.
  public func kl(tokenLogProbs: Tensor, referenceLogProbs: Tensor, mask: Tensor) -> Tensor {
    requireEqualShapes(
      "token rewards",
      [("log-probs", tokenLogProbs), ("reference log-probs", referenceLogProbs), ("mask", mask)])
    let isPadding = not(mask.to(.bool))
    let logRatio = tokenLogProbs.widened - referenceLogProbs.widened
    return estimator(logRatio.filled(where: isPadding, with: 0))
  }

  /// Where values count: the mask, and with ``ScorePosition/afterLast`` also the place of the score. Bool `[B, T]`.
  public func valueMask(_ mask: Tensor) -> Tensor { mask.to(.bool) .|| scorePlaces(mask) }

  /// True at the one place of each row where its score goes, `[B, T]`.
  private func scorePlaces(_ mask: Tensor) -> Tensor {
    let width = mask.size(1)
    let places = Tensor.range(0..<width, device: mask.device).unsqueezed(0).expanded(mask.shape)
    let last = places.filled(where: not(mask.to(.bool)), with: -1).max(1, keep: true)  // [B, 1]
    switch scorePosition {
    case .lastToken: return places .== last
    case .afterLast: return places .== (last + 1).clamped(max: Double(width - 1))
    }
  }
}
