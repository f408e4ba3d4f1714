// SPDX-License-Identifier: Apache-2.0
public import Torch

/// The geometric mixture of a policy and its reference, which Nash-MD and IPO-MD sample from.
///
///     π_mix ∝ π^(1 − β) μ^β
///
/// Over a vocabulary it is taken at each token, `[…, V]`, which is what a sampler can do; over whole completions it
/// is another distribution, since the normalisers differ.
///
/// Source: Munos et al. 2023, arXiv:2312.00886, section 6; Calandriello et al. 2024, arXiv:2403.08635, section 5.
public struct GeometricMixture: Sendable, Equatable {
  /// β in [0, 1]: 0 is the policy, 1 the reference.
  public var mixtureWeight: Double

  /// Creates the mixture.
  public init(mixtureWeight: Double) {
    requireArguments(
      (0...1).contains(mixtureWeight), "GeometricMixture",
      "mixture_coef: expected a number from 0 to 1, found \(mixtureWeight)")
    self.mixtureWeight = mixtureWeight
  }

  /// log π_mix over the last axis, without gradient.
  ///
  /// - Parameters:
  ///   - policy: log π or logits, `[…, V]`.
  ///   - reference: log μ or logits, the same shape.
  /// - Returns: normalised log-probabilities in nats, the same shape.
  public func callAsFunction(policy: Tensor, reference: Tensor) -> Tensor {
    requireEqualShapes("GeometricMixture", [("policy", policy), ("reference", reference)])
    return withoutGrad {
      let last = policy.rank - 1
      let own = policy.detached().widened.logSoftmax(last)
      let other = reference.detached().widened.logSoftmax(last)
      return ((1 - mixtureWeight) * own + mixtureWeight * other).logSoftmax(last)
    }
  }
}
