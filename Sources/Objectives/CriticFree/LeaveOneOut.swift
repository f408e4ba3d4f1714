// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Advantages of completions against the mean of the others of the same prompt.
///
///     A_i = R_i − (1 / (K − 1)) Σ_{j ≠ i} R_j  =  K / (K − 1) · (R_i − mean of the group)
///
/// Unbiased, since the baseline of a completion does not depend on it. Source: Kool et al. 2019, "Buy 4 REINFORCE
/// samples, get a baseline for free!"; Ahmadian et al. 2024, arXiv:2402.14740, section 2.3. Departures: scores that are
/// NaN count as missing: they are in no mean, and their advantage is 0; so is that of the only score of a group. Nothing
/// carries a gradient.
public struct LeaveOneOut: Sendable, Equatable {
  /// Creates the estimator, which has no settings.
  public init() {}

  /// Advantages of B completions.
  ///
  /// - Parameters:
  ///   - scores: R, `[B]`, the completions of a prompt next to each other; NaN where there is none.
  ///   - groupSize: K, completions a prompt, at least 2; B is a multiple of it.
  /// - Returns: `[B]`, detached.
  public func callAsFunction(_ scores: Tensor, groupSize: Int) -> Tensor {
    let groups = ScoreGroups(scores, groupSize: groupSize, leastSize: 2, "leave one out")
    let factor = groups.counts / (groups.counts - 1).clamped(min: 1)
    return (groups.centred * factor).reshaped([-1])
  }
}
