// SPDX-License-Identifier: Apache-2.0
public import Torch

/// DPO for another divergence from the reference than the reverse KL.
///
///     L = −log σ(β [g(a) − g(r)])
///     forward KL   g(x) = 1 − e^{−x}
///     JS           g(x) = log σ(x)                       (a log 2 cancels)
///     α            g(x) = (e^{(α−1)x} − 1) / (α − 1)
///
/// Source: Wang et al. 2023, arXiv:2309.16240 and table 1: g is f′ of the density ratio, up to a constant.
///
/// Departures: exponents are cut at 80, as in TRL, so that far pairs stay finite. α → 1 is ``DPO``.
public struct FDPO: PairObjective, Sendable, Equatable {
  /// A divergence, as what it makes of a log-ratio.
  public enum Divergence: Sendable, Equatable {
    /// KL(π_ref ‖ π): covers all of the reference.
    case forwardKL
    /// Jensen-Shannon.
    case jensenShannon
    /// Between the two KLs, by α.
    case alpha
  }

  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Which divergence holds the policy.
  public var divergence: Divergence
  /// α of the α-divergence, in (0, 1); no other reads it.
  public var alpha: Double

  /// Creates the loss.
  public init(_ divergence: Divergence, beta: Double = 0.1, alpha: Double = 0.5) {
    require(.beta, beta, "FDPO")
    require(.alphaDivergence, alpha, "FDPO")
    self.divergence = divergence
    self.beta = beta
    self.alpha = alpha
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    -logSigmoid(beta * (score(pairs.chosenRatios) - score(pairs.rejectedRatios)))
  }

  /// g, element by element.
  private func score(_ ratio: Tensor) -> Tensor {
    switch divergence {
    case .forwardKL: -expm1((-ratio).clamped(max: 80))
    case .jensenShannon: logSigmoid(ratio)
    case .alpha: expm1(((alpha - 1) * ratio).clamped(max: 80)) / (alpha - 1)
    }
  }
}
