// SPDX-License-Identifier: Apache-2.0
import Objectives
import Torch

/// What happens to a completion that does not end by itself.
public enum MissingEOS: Sendable, Equatable {
  /// Nothing.
  case ignored
  /// A number is subtracted from its score.
  case penalty(Double)
  /// Its score is replaced.
  case score(Double)

  /// Scores `[B]` with what happens to those of completions that have not `ended`.
  func applied(to scores: Tensor, _ ended: [Bool]) -> Tensor {
    let ends = Tensor(ended.map { $0 ? Float(1) : 0 })
    switch self {
    case .ignored: return scores
    case .penalty(let penalty):
      return missingEOSPenalty(scores, endsWithEOS: ends, penalty: penalty)
    case .score(let score): return missingEOSScore(scores, endsWithEOS: ends, score: score)
    }
  }
}
