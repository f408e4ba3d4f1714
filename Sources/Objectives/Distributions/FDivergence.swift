// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Torch

/// A divergence D_f(π‖p) = E_p f(π/p) + f′(∞) π(p = 0), by f and its slope; f is convex with f(1) = 0.
///
///     forward KL(p‖π)      −log t                                    f′ = −1/t
///     reverse KL(π‖p)      t log t                                   f′ = log t + 1
///     total variation      ½ |t − 1|                                 f′ = ½ sign(t − 1)
///     Jensen-Shannon, 2×   t log(2t/(t+1)) + log(2/(t+1))            f′ = log(2t/(t+1))
///     χ²(p‖π)              t + 1/t − 2                               f′ = 1 − t⁻²
///     χ²(π‖p)              (t − 1)²                                  f′ = 2 (t − 1)
///
/// Source: Go et al. 2023, arXiv:2302.08215, table 1; the two χ² are from the released code.
public enum FDivergence: String, Sendable, CaseIterable {
  /// KL(p‖π): covers all of p. Its policy gradient is DPG's, and GDC's.
  case forwardKL = "forward_kl"
  /// KL(π‖p): seeks a mode of p; what reinforcement learning with a KL penalty minimises.
  case reverseKL = "reverse_kl"
  /// Half of Σ |π − p|.
  case totalVariation = "total_variation"
  /// Twice the Jensen-Shannon divergence.
  case jensenShannon = "jensen_shannon"
  /// χ² of p from π.
  case forwardChiSquared = "forward_chi_squared"
  /// χ² of π from p.
  case reverseChiSquared = "reverse_chi_squared"

  /// f′(∞): what probability outside of p's support costs; infinite where such strings are not allowed at all.
  public var slopeAtInfinity: Double {
    switch self {
    case .forwardKL: 0
    case .reverseKL, .reverseChiSquared: .infinity
    case .totalVariation: 0.5
    case .jensenShannon: Foundation.log(2)
    case .forwardChiSquared: 1
    }
  }

  /// f(t) for t at least 0; +∞ where f has no finite value there.
  public func value(_ t: Double) -> Double {
    switch self {
    case .forwardKL: -Foundation.log(t)
    case .reverseKL: t == 0 ? 0 : t * Foundation.log(t)
    case .totalVariation: Swift.abs(t - 1) / 2
    case .jensenShannon:
      (t == 0 ? 0 : t * Foundation.log(2 * t / (t + 1))) + Foundation.log(2 / (t + 1))
    case .forwardChiSquared: t + 1 / t - 2
    case .reverseChiSquared: (t - 1) * (t - 1)
    }
  }

  /// f′ element by element, from log t; finite for every finite log t.
  ///
  /// - Parameter logRatios: log t = log π − log p in nats, any shape; +∞ where p is 0.
  /// - Returns: the slope, the same shape. Exponents stop at 20: without that one string that π has forgotten would
  ///   outweigh all others.
  public func slope(_ logRatios: Tensor) -> Tensor {
    switch self {
    case .forwardKL: -exp((-logRatios).clamped(max: 20))
    case .reverseKL: logRatios + 1
    case .totalVariation: 0.5 * sign(logRatios)
    case .jensenShannon: Foundation.log(2) - softplus(-logRatios)
    case .forwardChiSquared: -expm1((-2 * logRatios).clamped(max: 20))
    case .reverseChiSquared: 2 * expm1(logRatios.clamped(max: 20))
    }
  }

  /// D_f(π‖p) of two distributions over the same outcomes, summed exactly.
  ///
  /// - Parameters:
  ///   - policy: π, summing to 1.
  ///   - target: p, summing to 1; may have zeros.
  /// - Returns: nats, at least 0; infinite where the divergence is.
  public func divergence(_ policy: [Double], from target: [Double]) -> Double {
    precondition(
      policy.count == target.count,
      "FDivergence: \(policy.count) outcomes against \(target.count)")
    return zip(policy, target).reduce(0) { sum, pair in
      let (own, wanted) = pair
      guard wanted > 0 else { return own > 0 ? sum + slopeAtInfinity * own : sum }
      return sum + wanted * value(own / wanted)
    }
  }
}
