// SPDX-License-Identifier: Apache-2.0
import Environments
import Foundation
import Torch

/// The grid, its optimal policy under an entropy bonus, and a walker that follows it half of the time.
struct SegmentTask {
  let grid = GridWorld.lava
  let optimum: SoftOptimum
  /// ½ π* + ½ uniform, `[S][A]`.
  let behaviour: [[Double]]
  /// A* with 0 in the goal: what no policy's log-probabilities can equal.
  let trapAdvantages: [[Double]]

  init() {
    optimum = grid.softOptimum(temperature: CPLReproduction.temperature)
    let uniform = 1 / Double(GridWorld.actionCount)
    behaviour = optimum.policy.map { row in row.map { 0.5 * $0 + 0.5 * uniform } }
    var trap = optimum.advantages
    trap[grid.goal] = trap[grid.goal].map { _ in 0 }
    trapAdvantages = trap
  }

  /// Mean over cells but the goal of KL(π*‖π).
  func kl(to policy: [[Double]]) -> Double {
    grid.starts.map { Simplex.klDivergence(optimum.policy[$0], policy[$0]) }.mean
  }
}

/// Pairs of segments, with labels by three kinds of judge.
struct SegmentData {
  let task: SegmentTask
  /// Segments of both sides, `[pairs][2]`.
  let pairs: [[GridSegment]]
  /// 1 where the first segment was preferred by regret, `[pairs]`.
  let byRegret: [Double]
  /// By the discounted reward along the segment.
  let byPartialReturn: [Double]
  /// By regret with advantages of 0 in the goal.
  let byTrap: [Double]

  /// Draws pairs and labels.
  init(task: SegmentTask, pairCount: Int, seed: UInt64) {
    self.task = task
    var random = SplitMix64(text: "cpl/\(pairCount)/\(seed)")
    let walkers = task.behaviour.map { OutcomeSampler($0) }
    let starts = task.grid.starts
    let pairs = (0..<pairCount).map { _ in
      (0..<2).map { _ in
        task.grid.segment(
          from: starts[random.int(below: starts.count)], length: CPLReproduction.segmentLength,
          policy: walkers, &random)
      }
    }
    func labels(_ table: [[Double]]) -> [Double] {
      pairs.map { pair in
        let scores = pair.map { $0.discountedSum(table, discount: task.grid.discount) }
        let lead = CPLReproduction.rationality * (scores[0] - scores[1])
        return random.chance(1 / (1 + exp(-lead))) ? 1 : 0
      }
    }
    self.pairs = pairs
    byRegret = labels(task.optimum.advantages)
    byPartialReturn = labels(task.grid.rewardTable)
    byTrap = labels(task.trapAdvantages)
  }

  /// Places of one side's moves in a flat table of cells and moves, int64 `[pairs, T]`.
  func places(_ side: Int) -> Tensor {
    Tensor(
      pairs.flatMap { pair in
        zip(pair[side].states, pair[side].actions).map { $0 * GridWorld.actionCount + $1 }
      }, shape: [pairs.count, CPLReproduction.segmentLength])
  }
}
