// SPDX-License-Identifier: Apache-2.0
public import Torch

/// REINFORCE++: rewards to come, taxed a token by the KL, and brought to one scale over the whole batch.
///
///     r_t = −β (log π_old − log π_ref),   plus the score at the last token
///     G_t = Σ_{s ≥ t} γ^(s−t) r_s          A = (G − μ) / √(σ² + 1e-8),   μ and σ over all tokens
///     L = mean over tokens of max(−A ρ, −A clip(ρ, 1 − ε, 1 + ε))
///
/// With ``usesGroupBaseline`` the mean score of a prompt's completions is subtracted first ("REINFORCE++-baseline").
/// Source: Hu 2025, arXiv:2501.03262, section 3. Departures: none; ``whitening`` chooses between the population's and
/// the sample's variance, which official code and paper leave open. Completions without a score get advantage 0 and
/// are in no mean. Advantages are detached; the loss's denominator is the number of tokens.
public struct ReinforcePlusPlus: CriticFreeMethod {
  /// β, at least 0: what a nat of KL costs.
  public var klCoefficient: Double
  /// How scores and KL become token rewards.
  public var tokenRewards: TokenRewards
  /// γ in [0, 1]: what a reward one token later is worth.
  public var gamma: Double
  /// Whether the mean score of the prompt's completions is subtracted.
  public var usesGroupBaseline: Bool
  /// How advantages are brought to one scale.
  public var whitening: Whitening
  /// The loss on advantages.
  public var loss: PolicyGradientLoss

  /// Creates the method.
  public init(
    klCoefficient: Double = 0.01, klEstimator: KLEstimator = .k1, gamma: Double = 1,
    usesGroupBaseline: Bool = false, whitening: Whitening = Whitening(),
    surrogate: any PolicySurrogate = ClippedPolicyLoss()
  ) {
    requireArguments(
      klCoefficient >= 0 && (0...1).contains(gamma), "REINFORCE++",
      "the KL coefficient must be at least 0 and gamma within 0 and 1; got \(klCoefficient), \(gamma)"
    )
    self.klCoefficient = klCoefficient
    tokenRewards = TokenRewards(estimator: klEstimator)
    self.gamma = gamma
    self.usesGroupBaseline = usesGroupBaseline
    self.whitening = whitening
    loss = PolicyGradientLoss(surrogate: surrogate, average: .tokens)
  }

  /// Whether the KL is taxed at all.
  public var taxesKL: Bool { klCoefficient > 0 }
  /// Without a group baseline a prompt needs one completion.
  public var leastGroupSize: Int { usesGroupBaseline ? 2 : 1 }

  /// An advantage a token.
  public func advantages(_ scored: ScoredCompletions) -> Tensor {
    let groups = ScoreGroups(
      scored.scores, groupSize: scored.groupSize, leastSize: leastGroupSize, "REINFORCE++")
    let scores = (usesGroupBaseline ? groups.centred : groups.values).reshaped([-1])
    let counts = scored.mask.to(.bool) .&& scored.spread(groups.isKnown.reshaped([-1]))
    let logProbs = scored.oldLogProbs ?? scored.mask.zerosLike()
    let rewards = tokenRewards(
      scores: scores, tokenLogProbs: logProbs,
      referenceLogProbs: scored.referenceLogProbs ?? logProbs, mask: scored.mask,
      klCoefficient: klCoefficient)
    let returns = returnsToGo(rewards, mask: scored.mask)
    return whitening(returns, mask: counts)
  }

  /// Σ_{s ≥ t} γ^(s−t) r_s, `[B, T]`: generalized advantages with λ = 1 against values of 0.
  func returnsToGo(_ rewards: Tensor, mask: Tensor) -> Tensor {
    GeneralizedAdvantage(gamma: gamma, gaeLambda: 1)(
      rewards: rewards, values: rewards.zerosLike(), mask: mask
    ).returns
  }
}
