// SPDX-License-Identifier: Apache-2.0

/// IPO-MD: online IPO on pairs from a geometric mixture of policy and reference, as Nash-MD samples them.
///
///     y, y′ ~ π_mix ∝ stop-gradient(π^(1 − β) μ^β)        L as in ``OnlineIPO``, with pure log π and log μ
///
/// β = 0 is ``OnlineIPO``, β = 1 is IPO on the reference's samples. The policy's stationary point is
/// π ∝ μ exp(P(· ≻ π_mix)/τ); it is the mixture, not the policy, that is a Nash equilibrium, for τ/(1 − β).
///
/// Source: Calandriello et al. 2024, arXiv:2403.08635, section 5.
///
/// Departures: none. The denominator is the number of pairs, or the sum of their weights.
public struct IPOMD: Sendable, Equatable {
  /// The loss on the pairs.
  public var loss: OnlineIPO
  /// What the pairs are sampled from.
  public var sampling: GeometricMixture

  /// Creates the method.
  ///
  /// - Parameters:
  ///   - klCoefficient: τ, above 0.
  ///   - mixtureWeight: β, the reference's share in sampling, in [0, 1].
  public init(klCoefficient: Double = 0.1, mixtureWeight: Double = 0.25) {
    loss = OnlineIPO(klCoefficient: klCoefficient)
    sampling = GeometricMixture(mixtureWeight: mixtureWeight)
  }

  /// The mean loss of B pairs that were drawn from ``sampling``; see ``OnlineIPO``.
  public func callAsFunction(_ pairs: OnlinePairs) -> Terms { loss(pairs) }
}
