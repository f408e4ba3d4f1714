// SPDX-License-Identifier: Apache-2.0
import Torch

/// The mean of per-item values with the weight it stands for.
///
///     mean = Σ_i w_i x_i / Σ_i w_i        weight = Σ_i w_i
///
/// - Parameters:
///   - operation: named in messages.
///   - values: one number an item, `[B]` (any shape); may carry the gradient.
///   - weights: how much each item counts, at least 0, the same shape; nil counts each once. What has weight 0 may
///     hold anything, infinities included.
/// - Returns: the mean (0 where all weights are 0) and the sum of weights, B without them.
func weightedMean(
  _ operation: String, _ values: Tensor, _ weights: Tensor?
) -> (mean: Tensor, weight: Double) {
  guard let weights else { return (values.mean(), Double(values.elementCount)) }
  requireEqualShapes(operation, [("values", values), ("weights", weights)])
  let share = weights.to(values.elementType)
  let counted = values.filled(where: share .<= 0, with: 0)
  let total: Double = share.sum().item
  return ((counted * share).sum() / (total > 0 ? total : 1), total)
}
