// SPDX-License-Identifier: Apache-2.0

/// Online IPO: identity preference optimization on pairs that the current policy samples, a self-play game.
///
///     h = [log π(y) − log μ(y)] − [log π(y′) − log μ(y′)]            y, y′ ~ stop-gradient(π)
///     L = p (h − 1/(2τ))² + (1 − p) (h + 1/(2τ))²                    p = P(y ≻ y′)
///
/// Its only stationary point is π ∝ μ exp(P(· ≻ π)/τ): the Nash equilibrium of the preference game in which both
/// sides are held to μ with weight τ, the point Nash-MD converges to.
///
/// Source: Calandriello et al. 2024, arXiv:2403.08635, section 4.
///
/// Departures: none. Log-probabilities are sums, also where offline ``IPO`` divides by length: the mean would change
/// the equilibrium. The denominator is the number of pairs, or the sum of their weights.
public struct OnlineIPO: Sendable, Equatable {
  /// τ, the pull towards the reference, above 0; larger stays closer.
  public var klCoefficient: Double

  /// Creates the loss.
  public init(klCoefficient: Double = 0.1) {
    require(.beta, klCoefficient, "OnlineIPO")
    self.klCoefficient = klCoefficient
  }

  /// The mean loss of B pairs and the metric of ``OnlinePairLoss``.
  ///
  /// - Parameter pairs: samples of the policy as it is now, without gradient through the sampling.
  /// - Returns: a scalar loss; weight B, or the sum of the pairs' weights.
  public func callAsFunction(_ pairs: OnlinePairs) -> Terms {
    OnlinePairLoss(IPO(beta: klCoefficient, isLengthNormalized: false))(pairs)
  }
}
