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
/// Departures: none. z carries no gradient. The denominator is the number of examples, or the sum of their weights.
/// Training takes z from the whole batch of an optimizer step, whatever microbatches it is split into; code that takes
/// it from each microbatch gives other numbers where there are several.
public struct KTO: UnpairedObjective, Sendable, Equatable {
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

  /// z is measured on mismatched completions.
  public var anchorSource: UnpairedAnchor { .mismatched }

  /// The reference point z, a scalar of at least 0.
  public func anchor(of batch: UnpairedInputs) -> Tensor? {
    batch.mismatchedRatios.map { relu($0.mean()).detached() }
  }

  /// The loss of each example, `[D + U]`, the desirable ones first.
  public func losses(_ examples: UnpairedInputs, anchor: Tensor?) -> Tensor {
    guard let point = anchor?.detached() else {
      requireArguments(
        false, "KTO", "needs its reference point: mismatched completions are missing")
      return examples.desirable
    }
    let gains = 1 - sigmoid(beta * (examples.desirable - point))
    let pains = 1 - sigmoid(beta * (point - examples.undesirable))
    return concatenated([desirableWeight * gains, undesirableWeight * pains])
  }
}
