// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Maximum likelihood of the next token: the loss of pretraining and supervised fine-tuning.
///
///     L = − Σ_i w_i log π(y_i | x, y_<i) / Σ_i w_i
///
/// The denominator is the sum of weights (the number of tokens where none are given), not the number of
/// sequences: long completions count for more. Source: the usual cross-entropy; Ouyang et al. 2022,
/// arXiv:2203.02155, section 3.5 uses it as step 1. Departures: none.
public struct NextToken: Sendable, Equatable {
  /// Creates the loss; it has no parameters.
  public init() {}

  /// Loss of N tokens.
  ///
  /// - Parameters:
  ///   - tokenLogProbs: log π of each token in nats, `[N]` (any shape); carries the gradient.
  ///   - weights: how much each token counts, at least 0, the same shape; nil counts each once. What has weight 0
  ///     may hold anything, infinities included.
  /// - Returns: the weighted mean in nats a token, weighing as much as the sum of `weights`; no metrics.
  public func callAsFunction(tokenLogProbs: Tensor, weights: Tensor? = nil) -> Terms {
    let logProbs = tokenLogProbs.widened
    guard let weights else {
      let count = Double(logProbs.elementCount)
      return Terms(loss: -logProbs.sum() / max(count, 1), weight: count)
    }
    let (mean, total) = weightedMean("next-token loss", logProbs, weights)
    return Terms(loss: -mean, weight: total)
  }
}
