// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Kahneman-Tversky optimization: single completions, each good or bad, valued from a reference point.
///
///     z = max(0, mean [log π(y′|x) − log π_ref(y′|x)])     over mismatched prompts and completions
///     L = λ_D [1 − σ(β (a − z))]     for a desirable completion with log-ratio a
///     L = λ_U [1 − σ(β (z − r))]     for an undesirable one with log-ratio r
///
/// Source: Ethayarajh et al. 2024, arXiv:2402.01306.
///
/// Departures: none. z carries no gradient. The denominator is the number of examples. Mismatched pairs come from
/// shifting completions by one within a batch, so a batch needs at least two; z depends on how a batch is split.
public struct KTO: Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Weight λ_D of desirable examples, at least 0.
  public var desirableWeight: Double
  /// Weight λ_U of undesirable examples, at least 0; choose λ_D n_D / (λ_U n_U) in [1, 4/3].
  public var undesirableWeight: Double

  /// Creates the loss.
  public init(beta: Double = 0.1, desirableWeight: Double = 1, undesirableWeight: Double = 1) {
    require(.beta, beta, "KTO")
    require(.desirableWeight, desirableWeight, "KTO")
    require(.undesirableWeight, undesirableWeight, "KTO")
    self.beta = beta
    self.desirableWeight = desirableWeight
    self.undesirableWeight = undesirableWeight
  }

  /// The reference point z.
  ///
  /// - Parameter mismatchedRatios: log π − log π_ref of completions under other rows' prompts, `[M]`.
  /// - Returns: a scalar of at least 0, without gradient.
  public func referencePoint(mismatchedRatios: Tensor) -> Tensor {
    relu(mismatchedRatios.mean()).detached()
  }

  /// The loss of each example.
  ///
  /// - Parameters:
  ///   - desirable: log-ratios a of good completions, `[D]`; carries the gradient.
  ///   - undesirable: log-ratios r of bad ones, `[U]`; carries the gradient.
  ///   - referencePoint: z, a scalar.
  /// - Returns: `[D + U]`, the desirable ones first.
  public func losses(desirable: Tensor, undesirable: Tensor, referencePoint: Tensor) -> Tensor {
    let point = referencePoint.detached()
    let gains = 1 - sigmoid(beta * (desirable - point))
    let pains = 1 - sigmoid(beta * (point - undesirable))
    return concatenated([desirableWeight * gains, undesirableWeight * pains])
  }
}
