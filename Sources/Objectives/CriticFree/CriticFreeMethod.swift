// SPDX-License-Identifier: Apache-2.0
public import Torch

/// A way of learning from scored completions without a critic: how scores become advantages, and the loss on them.
///
/// ``GRPO``, ``RLOO`` and ``ReinforcePlusPlus`` are such methods; one trainer serves them all.
public protocol CriticFreeMethod: Sendable {
  /// The loss on advantages.
  var loss: PolicyGradientLoss { get }
  /// Whether ``advantages(_:)`` reads the log-probabilities of policy and reference.
  var taxesKL: Bool { get }
  /// Fewest completions a prompt that make sense.
  var leastGroupSize: Int { get }

  /// Advantages of all completions of an update.
  ///
  /// - Returns: `[B, T]`, detached; anything where the mask is 0.
  func advantages(_ scored: ScoredCompletions) -> Tensor
}

/// The completions of one update with what they earned; the completions of a prompt stand next to each other.
public struct ScoredCompletions {
  /// Total scores, `[B]`; NaN where there is none.
  public var scores: Tensor
  /// Scores by reward, `[B]` each, with their weights.
  public var parts: [(scores: Tensor, weight: Double)]
  /// G: completions a prompt.
  public var groupSize: Int
  /// log π of the policy that sampled, nats, `[B, T]`; nil where the method taxes no KL.
  public var oldLogProbs: Tensor?
  /// log π_ref, nats, `[B, T]`; nil where the method taxes no KL.
  public var referenceLogProbs: Tensor?
  /// 1 on real tokens, `[B, T]`.
  public var mask: Tensor

  /// Joins what methods need.
  public init(
    scores: Tensor, parts: [(scores: Tensor, weight: Double)] = [], groupSize: Int,
    oldLogProbs: Tensor? = nil, referenceLogProbs: Tensor? = nil, mask: Tensor
  ) {
    self.scores = scores
    self.parts = parts
    self.groupSize = groupSize
    self.oldLogProbs = oldLogProbs
    self.referenceLogProbs = referenceLogProbs
    self.mask = mask
  }

  /// One number a completion at each of its tokens, `[B, T]`.
  func spread(_ perCompletion: Tensor) -> Tensor {
    perCompletion.unsqueezed(1).expanded(mask.shape)
  }

  /// The estimated KL k1 of each token, `[B, T]`; 0 where there is nothing to tax.
  func tokenKL(_ estimator: KLEstimator) -> Tensor {
    guard let oldLogProbs, let referenceLogProbs else { return mask.zerosLike() }
    return TokenRewards(estimator: estimator).kl(
      tokenLogProbs: oldLogProbs, referenceLogProbs: referenceLogProbs, mask: mask)
  }
}
