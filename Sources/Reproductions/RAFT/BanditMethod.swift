// SPDX-License-Identifier: Apache-2.0
import Environments
import Feedback
import Foundation
import Torch
import Training

/// RAFT on the bandit of four answers.
struct BanditMethod {
  /// K.
  let sampleCount: Int
  /// β of the KL tax on scores; 0 for none.
  var klCoefficient = 0.0

  var name: String {
    klCoefficient > 0
      ? "RAFT, K = \(sampleCount), β = \(klCoefficient)" : "RAFT, K = \(sampleCount)"
  }

  /// All stages with one seed.
  func train(seed: UInt64, run: ReproductionRun) -> BanditCourse {
    let bandit = Bandit.ladder
    let values = bandit.rewards[0]
    var random = SplitMix64(text: "raft/\(name)/\(seed)")
    let policy = TabularPolicy(logits: bandit.reference.map { log($0) })
    var policies = [bandit.reference]
    var stages: [RAFTStage] = []
    raft(
      stageCount: RAFTReproduction.stageCount,
      prompts: { _ in Array(0..<RAFTReproduction.promptCount) },
      sample: { prompts in
        let sampler = OutcomeSampler(policy.probabilities)
        return prompts.map { _ in (0..<sampleCount).map { _ in sampler.draw(&random) } }
      },
      score: { _, completions in
        let scores = completions.map { $0.map { values[$0] } }
        let now = policy.probabilities
        let ratios = completions.map { $0.map { log(now[$0] / bandit.reference[$0]) } }
        let taxed = RAFTSelection.taxed(scores, klCoefficient: klCoefficient, logRatios: ratios)
        return EnumeratedStage.broken(taxed, run: run)
      },
      fit: { kept in
        let all = run.has(RAFTReproduction.allKept)
        let sampler = OutcomeSampler(policy.probabilities)
        imitate(policy, all ? kept.map { _ in sampler.draw(&random) } : kept.map(\.completion))
        policies.append(policy.probabilities)
      },
      log: { stage in
        stages.append(stage)
        run.record([
          "method": .string(name), "seed": .integer(Int(truncatingIfNeeded: seed)),
          "stage": .integer(stage.stage), "mean_score": .number(stage.meanScore),
          "mean_kept_score": .number(stage.meanKeptScore),
        ])
      })
    return BanditCourse(policies: policies, stages: stages)
  }

  /// Supervised fine-tuning: −log π of the kept answers, with a fresh optimizer.
  private func imitate(_ policy: TabularPolicy, _ answers: [Int]) {
    let indices = Tensor(answers)
    policy.fit(
      stepCount: RAFTReproduction.fitStepCount,
      schedule: LearningRateSchedule(
        .linear, base: RAFTReproduction.learningRate, stepCount: RAFTReproduction.fitStepCount)
    ) { _, logProbs in -logProbs.rows(indices).mean() }
  }
}

/// The filter alone, on every way to draw K samples: no chance involved.
enum EnumeratedStage {
  /// The largest difference between what the filter keeps and F(i)^K − F(i − 1)^K, over two stages.
  static func largestError(_ run: ReproductionRun) -> Double {
    let bandit = Bandit.ladder
    let count = RAFTReproduction.exactSampleCount
    var policy = bandit.reference
    var worst = 0.0
    for _ in 0..<2 {
      let expected = Bandit.bestOf(count, from: policy, by: bandit.rewards[0])
      let found = kept(count, policy, bandit.rewards[0], run)
      worst = max(worst, zip(found, expected).map { Swift.abs($0 - $1) }.max() ?? .nan)
      policy = expected
    }
    return worst
  }

  private static func kept(
    _ count: Int, _ policy: [Double], _ values: [Double], _ run: ReproductionRun
  ) -> [Double] {
    let armCount = policy.count
    let total = Int(pow(Double(armCount), Double(count)))
    let draws = (0..<total).map { number in
      (0..<count).map { number / Int(pow(Double(armCount), Double($0))) % armCount }
    }
    let scores = broken(draws.map { $0.map { values[$0] } }, run: run)
    var result = [Double](repeating: 0, count: armCount)
    for (draw, best) in zip(draws, RAFTSelection.bestOfEach(scores)) {
      guard let best else { continue }
      let probability = draw.reduce(1) { $0 * policy[$1] }
      result[draw[best]] += probability
    }
    return result
  }

  /// The scores, spoiled where a mistake about them is asked for.
  static func broken(_ scores: [[Double]], run: ReproductionRun) -> [[Double]] {
    if run.has(RAFTReproduction.worstKept) { return scores.map { $0.map { -$0 } } }
    if run.has(RAFTReproduction.anyKept) { return scores.map { $0.map { _ in 0 } } }
    if run.has(RAFTReproduction.scoresShifted) {
      return scores.map { Array($0.dropFirst() + $0.prefix(1)) }
    }
    return scores
  }
}
