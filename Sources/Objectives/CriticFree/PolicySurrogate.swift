// SPDX-License-Identifier: Apache-2.0
public import Torch

/// What a token's advantage is worth at a ratio between policy and sampler: the choice of clip.
public protocol PolicySurrogate: Sendable {
  /// Losses of tokens.
  ///
  /// - Parameters:
  ///   - ratio: ρ = π / π_old of the token, or of its sequence, `[B, T]`; carries the gradient.
  ///   - tokenLogProbs: log π in nats, `[B, T]`; carries the gradient.
  ///   - advantages: A, `[B, T]`, detached.
  /// - Returns: losses, and true where a lower or an upper bound took the token's gradient away or changed it.
  func callAsFunction(ratio: Tensor, tokenLogProbs: Tensor, advantages: Tensor) -> TokenLosses
}

/// Losses of tokens with what the clip did to them, all `[B, T]`.
public struct TokenLosses {
  /// The loss of each token, carrying the gradient.
  public var losses: Tensor
  /// True where the ratio lies below the lower bound and the advantage is negative.
  public var isClippedLow: Tensor
  /// True where the ratio lies above the upper bound and the advantage is positive.
  public var isClippedHigh: Tensor

  /// Joins the three.
  public init(losses: Tensor, isClippedLow: Tensor, isClippedHigh: Tensor) {
    self.losses = losses
    self.isClippedLow = isClippedLow
    self.isClippedHigh = isClippedHigh
  }
}

extension ClippedPolicyLoss: PolicySurrogate {
  /// The clipped surrogate of PPO, token for token.
  public func callAsFunction(
    ratio: Tensor, tokenLogProbs: Tensor, advantages: Tensor
  ) -> TokenLosses {
    let (losses, isClipped) = tokenLosses(ratio: ratio, advantages: advantages)
    return TokenLosses(
      losses: losses, isClippedLow: isClipped .&& (advantages .< 0),
      isClippedHigh: isClipped .&& (advantages .> 0))
  }
}
