// SPDX-License-Identifier: Apache-2.0

import Environments
import Foundation
import Objectives
import TestSupport
import Testing
import Torch

@testable import Reproductions

@Suite("SELM's experiment")
struct SELMTests {
  private let run = ReproductionRun(seeds: [1])
  private let world = DeceptiveBandit(promptCount: 3, seed: 5)

  @Test("labels follow Bradley and Terry, pairs are of the two samples, and ties are dropped")
  func labels() {
    let gold = world.gold[0]
    let (better, worse) = (world.bestArms[0], gold.firstIndex { $0 < 0.2 } ?? 0)
    var even = [Double](repeating: 0, count: 50)
    even[better] = 0.5
    even[worse] = 0.5
    let one = DeceptiveBandit(promptCount: 1, seed: 5)
    #expect(one.gold[0] == gold)
    var random = SplitMix64(text: "labels")
    var labeller = ArmLabeller(world: one, temperature: 0.5)
    let count = 20_000
    let answers = labeller.round(promptCount: count, first: [even], second: [even], &random)
    #expect(answers.allSatisfy { Set([$0.chosen, $0.rejected]) == [better, worse] })
    // Half of the draws are of two equal arms; four standard errors.
    #expect(abs(Double(labeller.tieCount) / Double(count) - 0.5) < 0.0142)
    #expect(answers.count + labeller.tieCount == count)
    let expected = 1 / (1 + exp(-(gold[better] - gold[worse]) / 0.5))
    let share = Double(answers.count { $0.chosen == better }) / Double(answers.count)
    #expect(abs(share - expected) < 0.02)
    #expect(labeller.seen == [better, worse])
  }

  @Test("the last pair of earlier rounds is ranked with the new samples")
  func lastPairs() {
    func certain(_ arm: Int) -> [[Double]] {
      [(0..<50).map { $0 == arm ? 1 : 0 }]
    }
    let one = DeceptiveBandit(promptCount: 1, seed: 5)
    let best = one.bestArms[0]
    let worst = one.gold[0].firstIndex(of: one.gold[0].min() ?? 0) ?? 0
    let middle = one.gold[0].firstIndex { $0 > 0.3 && $0 < 0.5 } ?? 0
    var random = SplitMix64(text: "pairs")
    var labeller = ArmLabeller(world: one, temperature: 1e-6)
    _ = labeller.round(
      promptCount: 1, first: certain(best), second: certain(worst), &random)
    let second = labeller.round(
      promptCount: 1, first: certain(middle), second: certain(middle), &random)
    #expect(
      second == [LabelledAnswer(prompt: 0, chosen: best, rejected: worst, response: middle)])
  }

  @Test("SELM's loss is the catalogue's on the answers' log-probabilities; flipped, its term is")
  func losses() {
    let policy = Tensor(rows: world.gold).logSoftmax(1)
    let reference = log(Tensor(rows: world.reference))
    let answers = [
      LabelledAnswer(prompt: 0, chosen: 3, rejected: 7, response: 9),
      LabelledAnswer(prompt: 2, chosen: 11, rejected: 0, response: 11),
    ]
    func loss(_ method: ExplorationMethod) -> Double {
      method.loss(answers, policy: policy, reference: reference, run: run)?.item ?? .nan
    }
    let (own, fixed) = (policy.doubles, reference.doubles)
    func ratio(_ prompt: Int, _ arm: Int) -> Double {
      own[prompt * 50 + arm] - fixed[prompt * 50 + arm]
    }
    let margins = answers.map { ratio($0.prompt, $0.chosen) - ratio($0.prompt, $0.rejected) }
    let dpo = margins.map { log(1 + exp(-0.1 * $0)) }.reduce(0, +) / 2
    let term = answers.map { ratio($0.prompt, $0.response) }.reduce(0, +) / 2
    expectClose(
      [loss(.iterativeDPO), loss(.selm), loss(.flipped)],
      [dpo, dpo + 0.01 * term, dpo - 0.01 * term], atol: 1e-12)
  }

  @Test("a copy of a policy stays where it was while the first is trained")
  func copies() throws {
    let table = ArmTable(world)
    let copy = table.copy()
    let optimizer = SGD(table.parameters, learningRate: 1)
    table.logProbs.picked(0, 0).sum().backward()
    optimizer.step()
    expectClose(copy.rows.flatMap { $0 }, world.reference.flatMap { $0 }, atol: 1e-12)
    #expect(table.rows != copy.rows)
  }

  @Test("the model has about 0.2 million parameters and fits its world's reference")
  func fits() throws {
    let world = DeceptiveBandit(promptCount: 10, seed: 5)
    let model = try ArmModel(fittedTo: world, seed: 5)
    let count = model.parameters.reduce(0) { $0 + $1.tensor.elementCount }
    #expect((180_000...250_000).contains(count))
    let distance = zip(world.reference, model.rows).map(Simplex.klDivergence).mean
    #expect(distance < 0.01)
  }
}
