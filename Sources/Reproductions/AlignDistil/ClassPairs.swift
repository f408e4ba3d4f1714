// SPDX-License-Identifier: Apache-2.0
import Environments
import Foundation
import LanguageModels
import Objectives
import Torch

/// Pairs of answers to one topic each, the better one found by a Bradley-Terry judge of the true reward.
struct ClassPairs {
  let chosen: [ClassAnswer]
  let rejected: [ClassAnswer]
  private let chosenReference: [Double]
  private let rejectedReference: [Double]

  private init(
    chosen: [ClassAnswer], rejected: [ClassAnswer], chosenReference: [Double],
    rejectedReference: [Double]
  ) {
    self.chosen = chosen
    self.rejected = rejected
    self.chosenReference = chosenReference
    self.rejectedReference = rejectedReference
  }

  /// Draws pairs from the reference itself.
  ///
  /// - Parameters:
  ///   - count: pairs.
  ///   - writer: the reference.
  ///   - seed: of topics, answers and judgements.
  init(count: Int, from writer: ClassWriter, seed: UInt64) {
    var random = SplitMix64(text: "aligndistil/pairs/\(seed)")
    let topics = (0..<count).map { _ in TokenClasses.topic(&random) }
    let sides = [writer.answers(to: topics, seed: seed), writer.answers(to: topics, seed: ~seed)]
    let isFirst = topics.indices.map { index in
      let gap = sides[0][index].reward - sides[1][index].reward
      return random.chance(1 / (1 + exp(-gap)))
    }
    chosen = isFirst.indices.map { sides[isFirst[$0] ? 0 : 1][$0] }
    rejected = isFirst.indices.map { sides[isFirst[$0] ? 1 : 0][$0] }
    chosenReference = writer.scores(of: chosen)
    rejectedReference = writer.scores(of: rejected)
  }

  /// The same pairs with the worse answer chosen.
  var reversed: ClassPairs {
    ClassPairs(
      chosen: rejected, rejected: chosen, chosenReference: rejectedReference,
      rejectedReference: chosenReference)
  }

  /// Trains a copy of the reference on the pairs.
  ///
  /// - Parameters:
  ///   - objective: the loss.
  ///   - start: the reference.
  ///   - seed: of the order of the pairs.
  ///   - watch: takes the policy after every step.
  /// - Returns: the policy.
  /// - Throws: what building a model throws.
  func train(
    _ objective: any PairObjective, from start: ClassWriter, seed: UInt64,
    watch: (Int, ClassWriter) -> Void = { _, _ in }
  ) throws -> ClassWriter {
    let policy = try start.copy()
    let optimizer = AdamW(
      policy.model.parameters, learningRate: AlignDistilReproduction.learningRate)
    var order = ShuffledRows(count: chosen.count, seed: "aligndistil/order/\(seed)")
    for step in 1...AlignDistilReproduction.preferenceStepCount {
      let rows = order.next(AlignDistilReproduction.batchSize)
      optimizer.zeroGrad()
      objective(inputs(rows, policy)).loss.backward()
      optimizer.step()
      watch(step, policy)
    }
    policy.model.setTrainable(false)
    return policy
  }

  private func inputs(_ rows: [Int], _ policy: ClassWriter) -> PairInputs {
    let logProbs = policy.logProbs(of: rows.map { chosen[$0] } + rows.map { rejected[$0] })
    let border = rows.count
    func fixed(_ values: [Double]) -> Tensor { Tensor(rows.map { values[$0] }).to(.float32) }
    func lengths(_ answers: [ClassAnswer]) -> Tensor {
      Tensor(rows.map { Double(answers[$0].tokens.count) }).to(.float32)
    }
    var inputs = PairInputs(
      policy: PairLogProbs(
        chosen: logProbs.narrowed(0, 0..<border),
        rejected: logProbs.narrowed(0, border..<2 * border)),
      reference: PairLogProbs(chosen: fixed(chosenReference), rejected: fixed(rejectedReference)))
    inputs.tokenCounts = PairLogProbs(chosen: lengths(chosen), rejected: lengths(rejected))
    return inputs
  }
}
