// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import Foundation
import Objectives
import Torch

/// One way from labelled segments to a policy.
struct SegmentMethod: Hashable {
  /// Which method, whatever the number of pairs.
  enum ID: Hashable {
    case imitation, preferredImitation, bestImitation, learnedReward
    case conservative, plain, withImitation, toReference
    case conservativePartialReturn, plainPartialReturn, plainFlipped, plainTrap, conservativeTrap
  }

  /// What a method makes of the data.
  private typealias Training = (SegmentData, ReproductionRun) -> [[Double]]

  let id: ID
  let pairCount: Int
  let name: String
  private let training: Training

  private init(_ id: ID, _ pairCount: Int, _ name: String, _ training: @escaping Training) {
    self.id = id
    self.pairCount = pairCount
    self.name = name
    self.training = training
  }

  static func == (a: Self, b: Self) -> Bool { a.id == b.id && a.pairCount == b.pairCount }

  func hash(into hasher: inout Hasher) {
    hasher.combine(id)
    hasher.combine(pairCount)
  }

  /// The policy, `[S][A]`.
  func train(_ data: SegmentData, run: ReproductionRun) -> [[Double]] { training(data, run) }

  /// The methods that are run on this number of pairs.
  static func all(pairCount: Int) -> [SegmentMethod] {
    let main = [
      cpl(.conservative, pairCount, "CPL, λ = 0.5", bias: 0.5) { $0.byRegret },
      cpl(.plain, pairCount, "CPL, λ = 1", bias: 1) { $0.byRegret },
    ]
    guard pairCount == CPLReproduction.pairCount else { return main }
    return main + [
      cpl(.withImitation, pairCount, "CPL-BC, λ = 1, c = 1", bias: 1, imitation: 1) { $0.byRegret },
      SegmentMethod(.toReference, pairCount, "CPL-KL, λ = 0.75") { data, run in
        let reference = imitate(data, weights: nil)
        let objective = CPL(
          temperature: CPLReproduction.rationality * CPLReproduction.temperature,
          conservativeBias: 0.75, discount: data.task.grid.discount)
        return fit(data, data.byRegret, objective, start: reference, reference: reference, run)
      },
      SegmentMethod(.imitation, pairCount, "BC on all segments") { data, _ in
        imitate(data, weights: nil)
      },
      SegmentMethod(.preferredImitation, pairCount, "BC on preferred segments") { data, _ in
        imitate(data, weights: data.byRegret.map { [$0, 1 - $0] })
      },
      SegmentMethod(.bestImitation, pairCount, "BC on the best tenth by return") { data, _ in
        imitate(data, weights: data.bestTenth)
      },
      SegmentMethod(.learnedReward, pairCount, "reward by Bradley-Terry, then planning") {
        data, _ in planWithLearnedReward(data)
      },
      cpl(.conservativePartialReturn, pairCount, "CPL, λ = 0.5, labels by return", bias: 0.5) {
        $0.byPartialReturn
      },
      cpl(.plainPartialReturn, pairCount, "CPL, λ = 1, labels by return", bias: 1) {
        $0.byPartialReturn
      },
      cpl(.plainFlipped, pairCount, "CPL, λ = 1, flipped labels", bias: 1) { data in
        data.byRegret.map { 1 - $0 }
      },
      cpl(.conservativeTrap, pairCount, "CPL, λ = 0.5, A(goal) = 0", bias: 0.5) { $0.byTrap },
      cpl(.plainTrap, pairCount, "CPL, λ = 1, A(goal) = 0", bias: 1) { $0.byTrap },
    ]
  }

  private static func cpl(
    _ id: ID, _ pairCount: Int, _ name: String, bias: Double, imitation: Double = 0,
    _ labels: @escaping (SegmentData) -> [Double]
  ) -> SegmentMethod {
    SegmentMethod(id, pairCount, name) { data, run in
      // Labels are drawn at temperature 1/15, so log-probabilities weigh 15 times their advantage.
      let objective = CPL(
        temperature: CPLReproduction.rationality * CPLReproduction.temperature,
        conservativeBias: bias, discount: data.task.grid.discount, imitationCoefficient: imitation)
      return fit(data, labels(data), objective, start: nil, reference: nil, run)
    }
  }

  /// The CPL loss on all pairs at once.
  private static func fit(
    _ data: SegmentData, _ labels: [Double], _ objective: CPL, start: [[Double]]?,
    reference: [[Double]]?, _ run: ReproductionRun
  ) -> [[Double]] {
    let stateCount = data.task.grid.stateCount
    let policy = TabularPolicy(
      logits: start?.flatMap { $0.map { log($0) } }
        ?? [Double](repeating: 0, count: stateCount * GridWorld.actionCount),
      shape: [stateCount, GridWorld.actionCount])
    let places = [data.places(0), data.places(1)]
    let isFlipped = run.has(CPLReproduction.flippedLabels)
    let preferences = Tensor(isFlipped ? labels.map { 1 - $0 } : labels)
    let anchor = reference.map { Tensor($0.flatMap { $0.map { log($0) } }) }
    let mask = run.has(CPLReproduction.firstStepOnly) ? firstSteps(data.pairs.count) : nil
    policy.fit(
      stepCount: CPLReproduction.stepCount,
      schedule: LearningRateSchedule(
        .constant, base: CPLReproduction.learningRate, stepCount: CPLReproduction.stepCount)
    ) { _, logProbs in
      let flat = logProbs.reshaped([stateCount * GridWorld.actionCount])
      func steps(_ table: Tensor, _ side: Int) -> Tensor {
        let found = table.rows(places[side].reshaped([places[side].elementCount]))
        let shaped = found.reshaped(places[side].shape)
        return run.has(CPLReproduction.meanOverTime)
          ? shaped / Double(CPLReproduction.segmentLength) : shaped
      }
      var pairs = SegmentPairs(
        first: steps(flat, 0), second: steps(flat, 1), preferences: preferences)
      pairs.firstReference = anchor.map { steps($0, 0) }
      pairs.secondReference = anchor.map { steps($0, 1) }
      pairs.firstMask = mask
      pairs.secondMask = mask
      guard run.has(CPLReproduction.biasOnPreferred) else { return objective(pairs).loss }
      // S⁺ and S⁻ change places, and the sign with them: softplus(−(λ S⁺ − S⁻)).
      pairs.first = -pairs.first
      pairs.second = -pairs.second
      pairs.preferences = 1 - preferences
      return objective(pairs).loss
    }
    return policy.rows
  }

  private static func firstSteps(_ pairCount: Int) -> Tensor {
    let row = [1.0] + [Double](repeating: 0, count: CPLReproduction.segmentLength - 1)
    return Tensor(rows: [[Double]](repeating: row, count: pairCount))
  }

  /// Imitation in closed form: how often each move was made in each cell, with a count of 1 added everywhere.
  private static func imitate(_ data: SegmentData, weights: [[Double]]?) -> [[Double]] {
    var counts = [[Double]](
      repeating: [Double](repeating: 1, count: GridWorld.actionCount),
      count: data.task.grid.stateCount)
    for (index, pair) in data.pairs.enumerated() {
      for side in 0..<2 {
        let weight = weights?[index][side] ?? 1
        for (state, action) in zip(pair[side].states, pair[side].actions) {
          counts[state][action] += weight
        }
      }
    }
    return counts.map { row in row.map { $0 / row.reduce(0, +) } }
  }

  /// The usual two stages: a reward table by Bradley-Terry on summed rewards, then the optimal policy under it.
  private static func planWithLearnedReward(_ data: SegmentData) -> [[Double]] {
    let grid = data.task.grid
    let table = Tensor.zeros(
      [grid.stateCount * GridWorld.actionCount], elementType: .float64
    ).asParameter()
    let optimizer = AdamW([("rewards", table)], learningRate: CPLReproduction.learningRate)
    let places = [data.places(0), data.places(1)]
    // The plain sum of discounted rewards is CPL's score of a table that is not normalised.
    let objective = CPL(
      temperature: CPLReproduction.rationality, conservativeBias: 1, discount: grid.discount)
    for _ in 0..<CPLReproduction.stepCount {
      optimizer.zeroGrad()
      let sides = places.map { table.rows($0.reshaped([$0.elementCount])).reshaped($0.shape) }
      objective(
        SegmentPairs(first: sides[0], second: sides[1], preferences: Tensor(data.byRegret))
      ).loss.backward()
      optimizer.step()
    }
    let values = table.detached().doubles
    let rewards = stride(from: 0, to: values.count, by: GridWorld.actionCount).map {
      Array(values[$0..<$0 + GridWorld.actionCount])
    }
    return grid.softOptimum(temperature: CPLReproduction.temperature, rewards: rewards).policy
  }
}

extension SegmentData {
  /// 1 for each of the tenth of all segments with the highest discounted reward, else 0, `[pairs][2]`.
  var bestTenth: [[Double]] {
    let returns = pairs.map { pair in
      pair.map { $0.discountedSum(task.grid.rewardTable, discount: task.grid.discount) }
    }
    let sorted = returns.flatMap(\.self).sorted(by: >)
    let least = sorted[max(0, sorted.count / 10 - 1)]
    return returns.map { pair in pair.map { $0 >= least ? 1 : 0 } }
  }
}
