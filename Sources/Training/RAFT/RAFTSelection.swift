// SPDX-License-Identifier: Apache-2.0

/// Which samples RAFT keeps.
public enum RAFTSelection {
  /// The best of each prompt's samples (`local`): the first of equals, never one that is not a number.
  ///
  /// - Parameter scores: `[prompts][K]`, higher is better.
  /// - Returns: the kept place of each prompt; nil where no sample has a score.
  public static func bestOfEach(_ scores: [[Double]]) -> [Int?] {
    scores.map { row in
      var best: Int?
      for (index, score) in row.enumerated() where !score.isNaN {
        if best.map({ score > row[$0] }) ?? true { best = index }
      }
      return best
    }
  }

  /// The best share of all samples pooled (`top`): easy prompts win, so shifting a prompt's scores changes it.
  ///
  /// - Parameters:
  ///   - share: in (0, 1]; the number kept is rounded to the nearest, at least 1.
  ///   - scores: of all samples, higher is better.
  /// - Returns: kept places in rising order; the earlier of equals, never one that is not a number.
  public static func bestShare(_ share: Double, of scores: [Double]) -> [Int] {
    precondition(share > 0 && share <= 1, "bestShare: share must be in (0, 1]; found \(share)")
    let valid = scores.indices.filter { !scores[$0].isNaN }
    let count = min(valid.count, max(1, Int((share * Double(scores.count)).rounded())))
    let order = valid.sorted { scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1] }
    return order.prefix(count).sorted()
  }

  /// The scores that RAFT ranks by where it also holds to its beginning: r − β (log π(y) − log π₀(y)).
  ///
  /// - Parameters:
  ///   - scores: r, `[prompts][K]`.
  ///   - klCoefficient: β, at least 0, in scores a nat.
  ///   - logRatios: log π(y) − log π₀(y) in nats, summed over tokens, `[prompts][K]`.
  /// - Returns: scores to rank by, `[prompts][K]`.
  public static func taxed(
    _ scores: [[Double]], klCoefficient: Double, logRatios: [[Double]]
  ) -> [[Double]] {
    precondition(
      scores.map(\.count) == logRatios.map(\.count),
      "taxed: each of \(scores.count) prompts needs as many log-ratios as scores")
    return zip(scores, logRatios).map { row, ratios in
      zip(row, ratios).map { $0 - klCoefficient * $1 }
    }
  }
}
