// SPDX-License-Identifier: Apache-2.0
import Torch

/// What the losses on rankings share: the scores of B lists of up to K candidates, best first, some places empty.
struct RankedScores {
  /// `[B, K]`, float32 or wider; 0 in empty places.
  let scores: Tensor
  /// `[B, K]`, true where there is a candidate.
  let isPresent: Tensor
  /// `[B, K, K]`, true where candidate i (axis 1) stands before candidate j (axis 2) and both are there.
  let isPair: Tensor
  /// Σ over lists of the number of pairs, a list at a time: `[B]`.
  let pairCounts: Tensor
  /// Lists with at least one pair; the others say nothing and count nowhere.
  let listCount: Double

  init(_ operation: String, scores: Tensor, mask: Tensor?) {
    requireArguments(
      scores.rank == 2 && scores.elementCount > 0, operation,
      "scores must be [B, K], best candidate first; got \(scores.shape)")
    if let mask { requireEqualShapes(operation, [("scores", scores), ("mask", mask)]) }
    let wide = scores.widened
    let present =
      mask?.to(.bool) ?? .full(1, shape: scores.shape, elementType: .bool, device: scores.device)
    let width = scores.size(1)
    let order = Tensor.range(0..<width, device: scores.device)
    let isBefore = order.unsqueezed(1) .< order.unsqueezed(0)  // [K, K]
    self.scores = wide.filled(where: not(present), with: 0)
    isPresent = present
    isPair = isBefore .&& (present.unsqueezed(2) .&& present.unsqueezed(1))
    pairCounts = isPair.to(wide.elementType).sum(2).sum(1)
    listCount = (pairCounts .> 0).to(wide.elementType).sum().item
  }

  /// s_i − s_j, `[B, K, K]`; 0 where there is no pair.
  var differences: Tensor {
    (scores.unsqueezed(2) - scores.unsqueezed(1)).filled(where: not(isPair), with: 0)
  }

  /// `accuracy` (ties are wrong) and `margin` over pairs, `mean_reward` over candidates.
  var metrics: [String: Mean] {
    withoutGrad {
      let type = scores.elementType
      let pairCount = pairCounts.sum().item
      let candidateCount = isPresent.to(type).sum().item
      let isRight = (differences .> 0).to(type)
      return [
        "accuracy": Mean(value: isRight.sum() / max(pairCount, 1), weight: pairCount),
        "margin": Mean(value: differences.sum() / max(pairCount, 1), weight: pairCount),
        "mean_reward": Mean(value: scores.sum() / max(candidateCount, 1), weight: candidateCount),
      ]
    }
  }
}
