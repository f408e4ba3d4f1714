// SPDX-License-Identifier: Apache-2.0

/// Reward-ranked fine-tuning: sample K completions a prompt, keep the best, fine-tune on what was kept, again.
///
///     stage t:  prompts → K samples each of π_t → scores → the best of each prompt → SFT from π_t → π_{t+1}
///
/// No gradient passes through sampling or scores, so any generator and any score will do; only the order of the scores
/// within a prompt counts. The infinite-data limit of a stage is the best-of-K distribution of π_t.
///
/// Source: Dong et al. 2023, arXiv:2304.06767, algorithm 1; the released code's `local` strategy.
///
/// Departures from the released code: completions are the caller's, so nothing is cut at "###" or dropped for "#"; the
/// optimizer of a stage is the closure's own affair (fresh each stage where it makes one).
///
/// - Parameters:
///   - stageCount: T.
///   - prompts: the prompts of a stage, none twice.
///   - sample: K completions of each prompt under the policy as it is now, `[prompts][K]`.
///   - score: the reward of each, higher is better, `[prompts][K]`; one that is not a number is never kept.
///   - fit: fine-tunes the policy on the kept pairs.
///   - log: told about each stage after its fit.
/// - Throws: what the closures throw.
public func raft<Prompt, Completion>(
  stageCount: Int,
  prompts: (_ stage: Int) throws -> [Prompt],
  sample: ([Prompt]) throws -> [[Completion]],
  score: ([Prompt], [[Completion]]) throws -> [[Double]],
  fit: ([(prompt: Prompt, completion: Completion)]) throws -> Void,
  log: (RAFTStage) throws -> Void = { _ in }
) rethrows {
  for stage in 0..<stageCount {
    let asked = try prompts(stage)
    let completions = try sample(asked)
    let scores = try score(asked, completions)
    let best = RAFTSelection.bestOfEach(scores)

    var kept: [(prompt: Prompt, completion: Completion)] = []
    var keptScores: [Double] = []
    for (index, choice) in best.enumerated() {
      guard let choice else { continue }
      kept.append((asked[index], completions[index][choice]))
      keptScores.append(scores[index][choice])
    }
    try fit(kept)
    try log(RAFTStage(stage: stage, scores: scores, keptScores: keptScores))
  }
}

/// What one stage of RAFT saw and kept.
public struct RAFTStage: Sendable, Equatable {
  /// Counted from 0.
  public let stage: Int
  /// Mean score of all samples that have one: the policy's own level; not a number where none has.
  public let meanScore: Double
  /// Mean score of what was kept: what is learnt from.
  public let meanKeptScore: Double
  /// Prompts of which something was kept.
  public let keptCount: Int
  /// Prompts of which nothing was: no sample had a score.
  public let droppedCount: Int

  init(stage: Int, scores: [[Double]], keptScores: [Double]) {
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    self.stage = stage
    meanScore = mean(scores.flatMap(\.self).filter { !$0.isNaN })
    meanKeptScore = mean(keptScores)
    keptCount = keptScores.count
    droppedCount = scores.count - keptScores.count
  }
}
