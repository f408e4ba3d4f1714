// SPDX-License-Identifier: Apache-2.0

import Environments
import Foundation
import TestSupport
import Testing

@Suite("Worlds small enough to sum over")
struct NamedWorldTests {
  private let fixture: NamedFixture

  init() throws { fixture = try NamedFixture() }

  @Test("the regularised equilibria are those found by another algorithm")
  func equilibria() {
    let rows = fixture["game"]["equilibria"].list
    #expect(rows.count == 6)
    for row in rows {
      let tau = row["kl_coefficient"].number
      let nash = PreferenceGame.cyclic.regularizedNash(klCoefficient: tau)
      expectClose(nash, row["nash"].numbers, atol: 1e-9)
      let left = PreferenceGame.cyclic.exploitability(of: nash, klCoefficient: tau)
      expectClose([left], [0], atol: 1e-10)
    }
  }

  @Test("a policy that is no equilibrium can be exploited, by what a best response gains")
  func exploitability() {
    let uniform = [0.25, 0.25, 0.25, 0.25]
    let game = PreferenceGame.cyclic
    expectClose(
      [game.exploitability(of: uniform, klCoefficient: 0.1)],
      [fixture["game"]["exploitability_of_uniform"].number], atol: 1e-12)
    expectClose(
      game.winRates(against: uniform), fixture["game"]["win_rates_against_uniform"].numbers,
      atol: 1e-12)
    expectClose([game.winRate(uniform, against: uniform)], [0.5], atol: 1e-12)
  }

  @Test("the optimum of two objectives is the closed form, and nothing near it is better")
  func optimum() {
    let bandit = Bandit.twoObjectives
    for row in fixture["bandit"]["optima"].list {
      let weights = [row["weight"].number, 1 - row["weight"].number]
      let policy = bandit.optimum(weights: weights, beta: 0.5)
      expectClose(policy, row["policy"].numbers, atol: 1e-12)
      expectClose(bandit.expectedRewards(policy), row["rewards"].numbers, atol: 1e-12)
      let best = bandit.objective(policy, weights: weights, beta: 0.5)
      for arm in policy.indices {
        var logits = policy.map { log($0) }
        logits[arm] += 0.01
        #expect(
          bandit.objective(Simplex.softmax(logits), weights: weights, beta: 0.5) < best)
      }
    }
  }

  @Test("best of K has the probabilities that counting all draws gives")
  func bestOf() {
    for row in fixture["bandit"]["best_of"].list {
      let found = Bandit.bestOf(
        Int(row["count"].number), from: Bandit.ladder.reference, by: Bandit.ladder.rewards[0])
      expectClose(found, row["policy"].numbers, atol: 1e-12)
    }
    // Scores that are not in the order of the answers.
    expectClose(
      Bandit.bestOf(2, from: [0.5, 0.3, 0.2], by: [3, 1, 2]), [0.75, 0.09, 0.16], atol: 1e-12)
    // Equal scores share what they win together.
    expectClose(
      Bandit.bestOf(2, from: [0.5, 0.3, 0.2], by: [1, 2, 2]), [0.25, 0.45, 0.3], atol: 1e-12)
  }

  @Test("the lava grid's soft optimum and returns are those of matrix inversion")
  func grid() {
    let grid = GridWorld.lava
    let expected = fixture["grid"]
    let optimum = grid.softOptimum(temperature: 0.04)
    expectClose(optimum.values, expected["values"].numbers, atol: 1e-10)
    expectClose(optimum.policy[0], expected["policy_of_start"].numbers, atol: 1e-10)
    expectClose(
      [grid.expectedReturn(of: optimum.policy)], [expected["return"].number], atol: 1e-10)
    let walker = optimum.policy.map { $0.map { 0.5 * $0 + 0.125 } }
    expectClose(
      [grid.expectedReturn(of: walker)], [expected["walker_return"].number], atol: 1e-10)
  }

  @Test("advantages of a soft optimum are normalised log-probabilities in every cell, the goal too")
  func normalisedAdvantages() {
    let optimum = GridWorld.lava.softOptimum(temperature: 0.04)
    for row in optimum.advantages {
      expectClose([row.reduce(0) { $0 + exp($1 / 0.04) }], [1], atol: 1e-9)
    }
    #expect(optimum.policy[24] == [0.25, 0.25, 0.25, 0.25])
  }

  @Test("moves into a wall stay, lava and goal pay on entering, the goal keeps")
  func moves() {
    let grid = GridWorld.lava
    #expect(grid.successors[0] == [0, 5, 0, 1])
    #expect(grid.successors[24] == [24, 24, 24, 24])
    #expect(grid.reward(6, 3) == -0.55)
    #expect(grid.reward(23, 3) == 0.95)
    #expect(grid.reward(24, 0) == 0)
  }

  @Test("a segment is walked by the policy, and discounts from its first move")
  func segments() {
    var random = SplitMix64(text: "segment")
    let right = [OutcomeSampler](repeating: OutcomeSampler([0, 0, 0, 1]), count: 25)
    let segment = GridWorld.lava.segment(from: 20, length: 6, policy: right, &random)
    #expect(segment.states == [20, 21, 22, 23, 24, 24])
    let sum = segment.discountedSum(GridWorld.lava.rewardTable, discount: 0.5)
    expectClose([sum], [-0.05 - 0.025 - 0.0125 + 0.95 / 8], atol: 1e-12)
  }

  @Test("bit strings have the base model's probabilities, and a constraint its share")
  func bits() {
    let strings = BitStrings(length: 8)
    let base = strings.logProbabilities(ofOnes: 0.7)
    expectClose([Simplex.logSumExp(base)], [0], atol: 1e-12)
    expectClose([base[37]], [fixture["bits"]["log_probability_of_37"].number], atol: 1e-12)
    #expect(strings.bits(37) == [1, 0, 1, 0, 0, 1, 0, 0])
    let target = BitStrings.target(base: base, factor: strings.oneCounts.map { $0 == 3 ? 1 : 0 })
    expectClose([target.normalizer], [fixture["bits"]["normalizer"].number], atol: 1e-12)
    #expect(target.logScores[0] == -.infinity)
  }

  @Test("answers of token classes are worth what another program says")
  func tokenClasses() {
    let rows = fixture["token_classes"]["answers"].list
    #expect(rows.count == 18 * 7)
    for row in rows {
      let answer = row["answer"].numbers.map(Int.init)
      let found = TokenClasses.reward(of: answer, to: Int(row["topic"].number))
      expectClose([found], [row["reward"].number], atol: 1e-12)
    }
  }

  @Test("random answers have three to eight words, an end, and the expected worth")
  func randomAnswers() {
    var random = SplitMix64(text: "classes")
    var sum = 0.0
    var lengths: Set<Int> = []
    for _ in 0..<20_000 {
      let answer = TokenClasses.randomAnswer(&random)
      #expect(answer.last == TokenClasses.endToken)
      #expect(answer.dropLast().allSatisfy(TokenClasses.words.contains))
      lengths.insert(answer.count - 1)
      sum += TokenClasses.reward(of: answer, to: TokenClasses.topic(&random))
    }
    #expect(lengths == [3, 4, 5, 6, 7, 8])
    // Four standard errors; one answer deviates by about 1.2.
    expectClose([sum / 20_000], [fixture["token_classes"]["mean_of_random"].number], atol: 0.034)
  }

  @Test("draws follow the probabilities, and what has none is never drawn")
  func draws() {
    var random = SplitMix64(text: "draws")
    let sampler = OutcomeSampler([0.5, 0, 0.3, 0.2, 0])
    var counts = [Double](repeating: 0, count: 5)
    for _ in 0..<20_000 { counts[sampler.draw(&random)] += 1 }
    #expect(counts[1] == 0 && counts[4] == 0)
    // Four standard errors of a share of one half.
    expectClose(counts.map { $0 / 20_000 }, [0.5, 0, 0.3, 0.2, 0], atol: 0.0142)
  }

  @Test("preferences that do not sum to 1 are refused")
  func antisymmetry() async {
    await #expect(processExitsWith: .failure) {
      _ = PreferenceGame(preferences: [[0.5, 0.6], [0.6, 0.5]], reference: [0.5, 0.5])
    }
  }
}
