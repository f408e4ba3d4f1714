// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The target of GDC with distributional constraints: P = a · exp(λᵀφ), with λ such that features have wanted means.
///
///     w_i ∝ exp(λᵀφ_i)        λ ← λ + rate · (μ̄ − Σ_i w_i φ_i)        x_i ~ a
///
/// Source: Khalifa et al. 2021, arXiv:2012.11635, section 2.1; defaults of the released code of arXiv:2302.08215.
public struct ExponentialTilt: Sendable, Equatable {
  /// λ, one number a feature.
  public let lambda: [Double]
  /// The largest |μ̄ − E φ| that is left.
  public let residual: Double

  /// Fits λ by self-normalised importance sampling.
  ///
  /// - Parameters:
  ///   - features: φ of samples from a, `[N][K]`.
  ///   - means: μ̄, `[K]`; must lie within what the samples show.
  ///   - rate: step of λ.
  ///   - iterationLimit: steps at most.
  ///   - tolerance: stops where no mean is further off.
  public init(
    features: [[Double]], means: [Double], rate: Double = 0.05, iterationLimit: Int = 1000,
    tolerance: Double = 1e-5
  ) {
    precondition(
      !features.isEmpty && features.allSatisfy { $0.count == means.count },
      "ExponentialTilt: each sample needs \(means.count) features, as there are wanted means")
    var lambda = [Double](repeating: 0, count: means.count)
    var gaps = Self.gaps(features, means, lambda)
    for _ in 0..<iterationLimit where gaps.contains(where: { Swift.abs($0) > tolerance }) {
      for index in lambda.indices { lambda[index] += rate * gaps[index] }
      gaps = Self.gaps(features, means, lambda)
    }
    self.lambda = lambda
    residual = gaps.map { Swift.abs($0) }.max() ?? 0
  }

  /// λᵀφ: what is added to log a.
  public func logFactor(_ features: [Double]) -> Double {
    zip(lambda, features).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private static func gaps(
    _ features: [[Double]], _ means: [Double], _ lambda: [Double]
  ) -> [Double] {
    let logits = features.map { row in zip(lambda, row).reduce(0) { $0 + $1.0 * $1.1 } }
    let top = logits.max() ?? 0
    let weights = logits.map { exp($0 - top) }
    let total = weights.reduce(0, +)
    return means.indices.map { index in
      let sum = zip(weights, features).reduce(0) { $0 + $1.0 * $1.1[index] }
      return means[index] - sum / total
    }
  }
}
