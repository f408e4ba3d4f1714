// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Advantages of completions against the others of the same prompt: GRPO's and Dr. GRPO's.
///
///     A = (R − mean of the group) / (deviation + ε)
///
/// | ``Scale`` | deviation | method |
/// |---|---|---|
/// | `group` | of the group's scores | GRPO, Shao et al. 2024, arXiv:2402.03300, section 4.1.2 |
/// | `batch` | of all scores | Liu et al. 2025, arXiv:2508.08221 |
/// | `none` | 1, and ε is 0 | Dr. GRPO, Liu et al. 2025, arXiv:2503.20783, section 3 |
///
/// Departures: the deviation is the sample's (divided by G − 1), as in TRL; ``isUnbiased`` off takes the population's.
/// Scores that are NaN count as missing: they are left out of mean and deviation, and their advantage is 0. Nothing
/// carries a gradient.
public struct GroupAdvantage: Sendable, Equatable {
  /// What centred scores are divided by; raw values are the names recipes use.
  public enum Scale: String, Sendable, CaseIterable {
    /// The deviation within the group.
    case group
    /// The deviation over all completions of the update.
    case batch
    /// Nothing.
    case none
  }

  /// What centred scores are divided by.
  public var scale: Scale
  /// ε, above 0: what keeps a group of equal scores at 0.
  public var epsilon: Double
  /// Whether deviations divide by the count less one.
  public var isUnbiased: Bool

  /// Creates the estimator; the defaults are TRL's.
  public init(scale: Scale = .group, epsilon: Double = 1e-4, isUnbiased: Bool = true) {
    requireArguments(epsilon > 0, "group advantage", "epsilon must be above 0; got \(epsilon)")
    self.scale = scale
    self.epsilon = epsilon
    self.isUnbiased = isUnbiased
  }

  /// Advantages of B completions.
  ///
  /// - Parameters:
  ///   - scores: R, `[B]`, the completions of a prompt next to each other; NaN where there is none.
  ///   - groupSize: G, completions a prompt, at least 2; B is a multiple of it.
  /// - Returns: `[B]`, detached.
  public func callAsFunction(_ scores: Tensor, groupSize: Int) -> Tensor {
    let groups = ScoreGroups(scores, groupSize: groupSize, leastSize: 2, "group advantage")
    let centred = groups.centred
    switch scale {
    case .none: return centred.reshaped([-1])
    case .group:
      let deviation = sqrt(groups.variance(isUnbiased: isUnbiased))  // [B / G, 1]
      return (centred / (deviation + epsilon)).reshaped([-1])
    case .batch:
      let deviation = sqrt(maskedVariance(groups.values, groups.isKnown, isUnbiased: isUnbiased))
      return (centred / (deviation + epsilon)).reshaped([-1])
    }
  }
}

/// Scores with the completions of a prompt in one row, and which of them are known.
struct ScoreGroups {
  /// `[B / G, G]`, 0 where missing, detached.
  let values: Tensor
  /// Bool, `[B / G, G]`.
  let isKnown: Tensor

  init(_ scores: Tensor, groupSize: Int, leastSize: Int, _ operation: String) {
    requireArguments(
      scores.rank == 1 && groupSize >= leastSize && scores.size(0).isMultiple(of: groupSize),
      operation,
      "scores must be [B] with B a multiple of the group size, which is at least \(leastSize); got "
        + "\(scores.shape) and \(groupSize)")
    let rows = scores.detached().widened.reshaped([-1, groupSize])
    isKnown = rows .== rows
    values = rows.filled(where: not(isKnown), with: 0)
  }

  /// Known scores of each group, `[B / G, 1]`.
  var counts: Tensor { isKnown.to(values.elementType).sum(1, keep: true) }

  /// The mean of each group's known scores, `[B / G, 1]`.
  var means: Tensor { values.sum(1, keep: true) / counts.clamped(min: 1) }

  /// True for groups whose known scores are all equal, `[B / G, 1]`.
  var areEqual: Tensor {
    let isMissing = not(isKnown)
    let highest = values.filled(where: isMissing, with: -.infinity).max(1, keep: true)
    let lowest = values.filled(where: isMissing, with: .infinity).min(1, keep: true)
    return not(highest .> lowest)
  }

  /// Scores less the mean of their group, `[B / G, G]`; 0 where missing. Exactly 0 where all are equal: the rounding of
  /// a mean is no advantage, and an optimizer that divides by the gradient's size would make a full step of it.
  var centred: Tensor { (values - means).filled(where: not(isKnown) .|| areEqual, with: 0) }

  /// The variance of each group's known scores, `[B / G, 1]`.
  func variance(isUnbiased: Bool) -> Tensor {
    square(centred).sum(1, keep: true) / (isUnbiased ? counts - 1 : counts).clamped(min: 1)
  }
}
