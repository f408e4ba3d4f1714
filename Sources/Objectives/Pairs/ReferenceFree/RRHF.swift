// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Rank responses by their log-probability a token, and learn the best one.
///
///     L = Σ_{i better than j} max(0, ā_j − ā_i) + λ NLL(best)     ā = log π(y)/n
///
/// Source: Yuan et al. 2023, arXiv:2304.05302
///
/// Departures: for two completions; the likelihood of the best is a mean over the chosen tokens of the step, not a sum.
/// NLL is over the chosen tokens of the whole step, by weight. No reference is read.
public struct RRHF: PairObjective, Sendable, Equatable {
  /// Weight λ of the likelihood, at least 0.
  public var nllWeight: Double
  /// 1: the formula has no β.
  public var beta: Double { 1 }

  /// Creates the loss.
  public init(nllWeight: Double = 1) {
    require(.nllWeight, nllWeight, "RRHF")
    self.nllWeight = nllWeight
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let means = pairs.means("RRHF")
    return nllWeight * pairs.chosenNLL("RRHF") + relu(means.rejected - means.chosen)
  }
}
