// SPDX-License-Identifier: Apache-2.0
import Objectives
import TestSupport
import Testing
import Torch

@Suite("GRPO, RLOO and REINFORCE++")
struct CriticFreeMethodTests {
  let mask = Tensor([1.0, 1, 1, 0, 1, 1, 1, 1], shape: [2, 4])
  let logProbs = Tensor([-1.0, -0.5, -2, -0.3, -0.7, -1.2, -0.1, -0.4], shape: [2, 4])
  let reference = Tensor([-1.1, -0.7, -1.5, -0.3, -0.9, -1, -0.4, -0.6], shape: [2, 4])

  private func scored(_ scores: [Double], groupSize: Int = 2) -> ScoredCompletions {
    ScoredCompletions(
      scores: Tensor(scores), groupSize: groupSize, oldLogProbs: logProbs,
      referenceLogProbs: reference, mask: mask)
  }

  @Test("GRPO gives all tokens of a completion its advantage, and no KL touches it")
  func grpo() {
    let found = GRPO(rewards: .summed(GroupAdvantage(scale: .none))).advantages(
      scored([1.5, -0.5]))
    #expect(found.doubles == [1, 1, 1, 1, -1, -1, -1, -1])
    #expect(!GRPO().taxesKL)
  }

  @Test("GDPO takes the rewards apart")
  func gdpo() {
    var completions = scored([0, 0])
    completions.parts = [(Tensor([1.0, 0]), 1), (Tensor([0, 100.0]), 0.25)]
    let found = GRPO(rewards: .decoupled(GDPO())).advantages(completions)
    // Each reward alone is ±.70701; .75 of it, over √2 times that as the sample deviation of two numbers.
    expectClose(found.picked(1, 0), [0.70701, -0.70701], atol: 1e-3)
  }

  // KL k1 of the rows: .1 + .2 − .5 = −.2 and .2 − .2 + .3 + .2 = .5; taxed scores 1.5 + .02 and −.5 − .05.
  @Test("RLOO taxes the KL of the whole completion, then leaves one out")
  func rloo() {
    let found = RLOO(klCoefficient: 0.1).advantages(scored([1.5, -0.5]))
    expectClose(found.picked(1, 0), [2.07, -2.07], atol: 1e-12)
    expectClose(found.picked(1, 3), [2.07, -2.07], atol: 1e-12)
    let normal = RLOO(klCoefficient: 0.1, normalizesAdvantages: true).advantages(
      scored([1.5, -0.5]))
    // Sample deviation of ±2.07: 2.07 √2.
    let expected = 2.07 / (2.07 * 2.0.squareRoot() + 1e-4)
    expectClose(normal.picked(1, 0), [expected, -expected], atol: 1e-12)
    #expect(RLOO().taxesKL && !RLOO(klCoefficient: 0).taxesKL)
  }

  // Token rewards [−.01, −.02, .97] and [.01, −.51]: NumPy.
  @Test("REINFORCE++ whitens rewards to come over all tokens, as NumPy does")
  func reinforce() {
    let completions = ScoredCompletions(
      scores: Tensor([0.97, -0.51]), groupSize: 1,
      oldLogProbs: Tensor([0.1, 0.2, 0, -0.1, 0, 9], shape: [2, 3]),
      referenceLogProbs: .zeros([2, 3], elementType: .float64),
      mask: Tensor([1.0, 1, 1, 1, 1, 0], shape: [2, 3]))
    let method = ReinforcePlusPlus(klCoefficient: 0.1)
    expectClose(
      method.advantages(completions),
      [0.797753, 0.811749, 0.83974, -1.217623, -1.231619, 0], atol: 1e-6)
    let unbiased = ReinforcePlusPlus(klCoefficient: 0.1, whitening: Whitening(isUnbiased: true))
    expectClose(
      unbiased.advantages(completions),
      [0.713532, 0.72605, 0.751086, -1.089075, -1.101593, 0], atol: 1e-6)
  }

  // One token a completion, R = [1, 0, .5, 1 | 0, 0, 1, 0]: NumPy, first row.
  @Test("with a baseline REINFORCE++ subtracts the group's mean first, as NumPy does")
  func baseline() {
    let completions = ScoredCompletions(
      scores: Tensor([1, 0, 0.5, 1, 0, 0, 1, 0]), groupSize: 4,
      mask: Tensor([Double](repeating: 1, count: 8), shape: [8, 1]))
    func advantages(_ isUnbiased: Bool) -> Tensor {
      ReinforcePlusPlus(
        klCoefficient: 0, usesGroupBaseline: true, whitening: Whitening(isUnbiased: isUnbiased)
      ).advantages(completions).reshaped([-1]).narrowed(0, 0..<4)
    }
    expectClose(advantages(true), [0.827516, -1.379193, -0.275839, 0.827516], atol: 1e-6)
    expectClose(advantages(false), [0.884652, -1.474420, -0.294884, 0.884652], atol: 1e-6)
  }

  @Test("a discount makes later rewards worth less to earlier tokens")
  func discount() {
    let completions = ScoredCompletions(
      scores: Tensor([1, 0.0]), groupSize: 1, mask: Tensor([1.0, 1, 1, 1, 1, 0], shape: [2, 3]))
    let found = ReinforcePlusPlus(klCoefficient: 0, gamma: 0.5).advantages(completions).doubles
    // Returns .25, .5, 1 and 0, 0: mean .35, population deviation .374166.
    expectClose(
      found,
      [
        -0.1 / 0.374166, 0.15 / 0.374166, 0.65 / 0.374166, -0.35 / 0.374166,
        -0.35 / 0.374166, 0,
      ], atol: 1e-5)
  }

  @Test("a constant added to all scores changes no advantage")
  func shift() {
    let methods: [any CriticFreeMethod] = [
      GRPO(), RLOO(), ReinforcePlusPlus(), ReinforcePlusPlus(usesGroupBaseline: true),
    ]
    for method in methods {
      expectClose(
        method.advantages(scored([8.5, 6.5])), method.advantages(scored([1.5, -0.5])).doubles,
        atol: 1e-9)
    }
  }

  @Test("equal scores without a tax give advantages of exactly 0; a missing one gives 0 too")
  func nothing() {
    let methods: [any CriticFreeMethod] = [
      GRPO(), RLOO(klCoefficient: 0), ReinforcePlusPlus(klCoefficient: 0),
      ReinforcePlusPlus(klCoefficient: 0, usesGroupBaseline: true),
    ]
    for method in methods {
      let equal = method.advantages(scored([0.1, 0.1])).filled(where: mask .== 0, with: 0)
      #expect(equal.doubles == [Double](repeating: 0, count: 8))
      let missing = method.advantages(scored([0.7, .nan]))
      #expect(missing.picked(0, 1).doubles == [0, 0, 0, 0])
      #expect(missing.doubles.allSatisfy { $0.isFinite })
    }
  }
}
