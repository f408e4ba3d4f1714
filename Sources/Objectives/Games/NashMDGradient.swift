// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Nash-MD-PG: a policy gradient towards beating a mixture of policy and reference.
///
///     y ~ π, y′ ~ π_mix(β)        L = −(p − ½ − τ [log π(y) − log μ(y)]) · log π(y),   p = P(y ≻ y′)
///
/// The bracket is detached. β = 0 is self-play: both samples from the policy.
///
/// Source: Munos et al. 2023, arXiv:2312.00886, section 7.
///
/// Departures: none. The denominator is the number of samples, or the sum of their weights.
public struct NashMDGradient: Sendable, Equatable {
  /// τ, the pull towards the reference, above 0.
  public var klCoefficient: Double

  /// Creates the loss.
  public init(klCoefficient: Double = 0.1) {
    require(.beta, klCoefficient, "NashMDGradient")
    self.klCoefficient = klCoefficient
  }

  /// The mean surrogate loss of B samples.
  ///
  /// - Parameters:
  ///   - policy: log π(y) in nats, summed over tokens, `[B]`; carries the gradient.
  ///   - reference: log μ(y), `[B]`.
  ///   - preferences: P(y ≻ y′) with y′ from the mixture, in [0, 1], `[B]`.
  ///   - weights: how much each sample counts, `[B]`; nil counts each once.
  /// - Returns: a scalar whose gradient is the method's; its value means nothing.
  public func callAsFunction(
    policy: Tensor, reference: Tensor, preferences: Tensor, weights: Tensor? = nil
  ) -> Terms {
    requireEqualShapes(
      "NashMDGradient",
      [("policy", policy), ("reference", reference), ("preferences", preferences)])
    let tax = klCoefficient * (policy - reference).detached()
    let advantage = preferences.detached() - 0.5 - tax
    let (mean, weight) = weightedMean("NashMDGradient", -(advantage * policy), weights)
    return Terms(loss: mean, weight: weight)
  }
}
