// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Scores with `penalty` taken off where a completion did not end by itself.
///
/// - Parameters:
///   - scores: `[B]`.
///   - endsWithEOS: nonzero where the completion holds an end-of-sequence token, `[B]`.
///   - penalty: subtracted, normally above 0.
/// - Returns: `[B]`.
public func missingEOSPenalty(
  _ scores: Tensor, endsWithEOS: Tensor, penalty: Double
) -> Tensor {
  requireEqualShapes(
    "missing-EOS penalty", [("scores", scores), ("ends with EOS", endsWithEOS)])
  return select(where: endsWithEOS.to(.bool), scores, scores - penalty)
}

/// Scores replaced by a constant where a completion did not end by itself.
///
/// - Parameters:
///   - scores: `[B]`.
///   - endsWithEOS: nonzero where the completion holds an end-of-sequence token, `[B]`.
///   - score: the constant, usual −1: it bites only if ordinary scores lie around 0 or above.
/// - Returns: `[B]`.
public func missingEOSScore(_ scores: Tensor, endsWithEOS: Tensor, score: Double) -> Tensor {
  requireEqualShapes(
    "missing-EOS score", [("scores", scores), ("ends with EOS", endsWithEOS)])
  return scores.filled(where: not(endsWithEOS.to(.bool)), with: score)
}
