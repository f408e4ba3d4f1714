// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Estimates of KL(π ‖ π_ref) a token from d = log π(y) − log π_ref(y), y drawn from π.
///
/// | estimator | formula | property |
/// |---|---|---|
/// | `k1` | d | unbiased, high variance, may be negative |
/// | `absolute` | \|d\| | at least 0, biased |
/// | `k2` | d² / 2 | at least 0, biased; its gradient through log π is the reverse KL's, on-policy |
/// | `k3` | e^−d − 1 + d | at least 0, unbiased, low variance |
///
/// `k1` belongs into rewards, `k2` and `k3` into losses. Raw values are the names recipes use. Source: Schulman
/// 2020, "Approximating KL divergence". Departures: `k3` holds its exponent in ±20 and its value in ±10, so that
/// one token the policy all but forbids cannot carry a whole batch; its gradient beyond is 0.
public enum KLEstimator: String, Sendable, Codable, CaseIterable {
  case k1
  case absolute = "abs"
  case k2
  case k3

  /// The estimate for each token.
  ///
  /// - Parameter logRatio: d in nats, any shape; carries the gradient.
  /// - Returns: nats, the same shape.
  public func callAsFunction(_ logRatio: Tensor) -> Tensor {
    let d = logRatio.widened
    switch self {
    case .k1: return d
    case .absolute: return abs(d)
    case .k2: return square(d) / 2
    case .k3:
      let held = d.clamped(-20, 20)
      return (expm1(-held) + held).clamped(-10, 10)
    }
  }

  /// The exact divergence at each position, where whole distributions are at hand.
  ///
  ///     KL = Σ_v π(v) (log π(v) − log π_ref(v))
  ///
  /// - Parameters:
  ///   - policyLogits: `[..., V]`, already divided by the sampling temperature; carries the gradient.
  ///   - referenceLogits: the same under π_ref.
  /// - Returns: nats, `[...]`. A token of probability 0 under π counts 0.
  public static func full(policyLogits: Tensor, referenceLogits: Tensor) -> Tensor {
    requireEqualShapes(
      "full KL", [("policy logits", policyLogits), ("reference logits", referenceLogits)])
    let policy = policyLogits.widened.logSoftmax(-1)
    let reference = referenceLogits.widened.logSoftmax(-1)
    let isImpossible = policy .== -.infinity
    let ratio = (policy - reference).filled(where: isImpossible, with: 0)
    return (exp(policy) * ratio).sum(-1)
  }
}
