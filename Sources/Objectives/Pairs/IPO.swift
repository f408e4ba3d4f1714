// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Identity preference optimization: regress the log-ratio margin on a constant instead of pushing it for ever.
///
///     h = a/n_w − r/n_l     (length-normalised, the default)  or  h = a − r
///     L = (h − 1/(2β))²
///
/// Source: Azar et al. 2023, arXiv:2310.12036, eq. 17, with a = log π(y_w)/π_ref(y_w), r the same of y_l, n their tokens.
///
/// Departures: the paper sums; dividing by length is TRL's form and the default here, as users expect
/// `ipo` to be. β must be tuned anew between the two: 0.1 to 1 for sums, 0.01 to 0.1 for means. Past 1/(2β) the gradient
/// turns around and lowers the chosen completion again.
public struct IPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Whether log-ratios are means over tokens (TRL) or sums (the paper).
  public var isLengthNormalized: Bool

  /// Creates the loss.
  public init(beta: Double = 0.1, isLengthNormalized: Bool = true) {
    require(.beta, beta, "IPO")
    self.beta = beta
    self.isLengthNormalized = isLengthNormalized
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let h = isLengthNormalized ? pairs.meanRatioMargins("IPO") : pairs.ratioMargins
    return square(h - 1 / (2 * beta))
  }
}
