// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Evaluation

@Suite("Pass and majority at k")
struct SamplingTests {
  @Test("pass@k matches the binomials", arguments: [(1, 0.3), (5, 0.916667), (8, 1)])
  func pass(k: Int, expected: Double) throws {
    // 1 - comb(7, k) / comb(10, k)
    expectClose(try PassAtK(k: k)(correctCount: 3, sampleCount: 10), expected)
  }

  @Test("pass@k averages problems and refuses too few samples")
  func passMean() throws {
    let estimate = try PassAtK(k: 1)([(correctCount: 3, sampleCount: 10), (0, 5)])
    expectClose(estimate.value, 0.15, within: 1e-12)
    #expect(throws: EvaluationError.self) { try PassAtK(k: 5)(correctCount: 1, sampleCount: 4) }
    #expect(throws: EvaluationError.self) { try PassAtK(k: 1)(correctCount: 5, sampleCount: 4) }
  }

  @Test("ties for the most votes are split, and silence does not vote")
  func majority() throws {
    let tie = MajorityAtK.Problem(answers: ["4", "4", "5", "5", nil], correct: "4")
    #expect(try MajorityAtK(k: 5, seed: 1)([tie]).value == 0.5)
    let silent = MajorityAtK.Problem(answers: [nil, nil], correct: "4")
    #expect(try MajorityAtK(k: 2, seed: 1)([silent]).value == 0)
    #expect(throws: EvaluationError.self) { try MajorityAtK(k: 6, seed: 1)([tie]) }
  }

  @Test("maj@1 from many samples is the share of right samples, with equal seeds equal")
  func majorityDraws() throws {
    let problem = MajorityAtK.Problem(
      answers: Array(repeating: "a", count: 7) + Array(repeating: "b", count: 13), correct: "a")
    let value = try MajorityAtK(k: 1, draws: 20_000, seed: 5)([problem]).value
    expectClose(value, 0.35, within: 0.015)
    #expect(value == (try MajorityAtK(k: 1, draws: 20_000, seed: 5)([problem]).value))
  }
}

@Suite("Best of n")
struct BestOfNTests {
  let proxy = [0.1, 0.9, 0.4, 0.7, 0.2]
  let gold = [1.0, 2, 5, 3, 4]

  // itertools.combinations over the pool, mean of the gold of the proxy's pick
  @Test(
    "matches brute force over all subsets",
    arguments: [(1, 3.0, 0.46), (2, 3.1, 0.67), (3, 2.6, 0.79), (5, 2, 0.9)])
  func golden(n: Int, gold: Double, proxy: Double) throws {
    expectClose(try BestOfN.expectedGold(n, selecting: self.proxy, gold: self.gold), gold)
    expectClose(try BestOfN.expectedMaximum(n, scores: self.proxy), proxy)
  }

  @Test("tied samples share their gold")
  func ties() throws {
    // Subsets of 2 of proxies (1, 1, 0), gold (4, 2, 9): {4,2} -> 3, {4,9} -> 4, {2,9} -> 2
    let value = try BestOfN.expectedGold(2, selecting: [1, 1, 0], gold: [4, 2, 9])
    expectClose(value, 3, within: 1e-12)
  }

  @Test("weights stay right in large pools")
  func largePool() throws {
    // The mean of the maximum of n of 1 ... N without replacement is n(N + 1)/(n + 1).
    let scores = (1...5000).map(Double.init)
    for n in [1, 10, 1000, 5000] {
      let expected = Double(n) * 5001 / Double(n + 1)
      expectClose(try BestOfN.expectedMaximum(n, scores: scores), expected, within: 1e-7 * expected)
    }
  }

  @Test(
    "the divergence bound is log n − (n − 1)/n",
    arguments: [
      (1, 0.0), (2, 0.193147), (4, 0.636294), (8, 1.204442), (16, 1.835089), (64, 3.174508),
      (512, 5.240278), (2048, 6.625107),
    ])
  func bound(n: Int, expected: Double) {
    expectClose(BestOfN.klBound(n), expected)
  }

  @Test("over finitely many outcomes the exact divergence stays below the bound")
  func exact() throws {
    let ascending = [0.5, 0.3, 0.2]
    let best = BestOfN.distribution(4, policy: ascending)
    expectClose(best, [0.0625, 0.3471, 0.5904])
    let divergence = try Categorical(weights: best).klDivergence(
      to: try Categorical(weights: ascending))
    expectClose(divergence, 0.559751)
    #expect(divergence < BestOfN.klBound(4))
  }

  @Test("refuses more draws than samples and carries the bound in its options")
  func edges() throws {
    #expect(throws: EvaluationError.self) { try BestOfN.expectedMaximum(6, scores: proxy) }
    #expect(throws: EvaluationError.self) { try BestOfN.expectedMaximum(0, scores: proxy) }
    let estimate = try BestOfN.expectedGold(
      2, prompts: [(proxy: proxy, gold: gold), (proxy: proxy, gold: gold)],
      bootstrap: Bootstrap(draws: 20, seed: 1))
    expectClose(estimate.value, 3.1)
    #expect(estimate.options["n"] == "2" && estimate.interval != nil)
  }
}

@Suite("Pareto front")
struct ParetoFrontTests {
  @Test("keeps what nothing dominates")
  func front() throws {
    let points: [[Double]] = [[1, 3], [2, 2], [3, 1], [1, 1], [2, 2], [0, 3]]
    #expect(try ParetoFront.indices(points) == [0, 1, 2, 4])
    #expect(try ParetoFront.indices([]) == [])
  }

  @Test("the hypervolume of a staircase is its area")
  func volume() throws {
    let points: [[Double]] = [[1, 3], [2, 2], [3, 1]]
    expectClose(try ParetoFront.hypervolume(points, reference: [0, 0]), 6, within: 1e-12)
    expectClose(try ParetoFront.hypervolume(points, reference: [1, 1]), 1, within: 1e-12)
    expectClose(try ParetoFront.hypervolume([[4], [2]], reference: [1]), 3, within: 1e-12)
    #expect(try ParetoFront.hypervolume([], reference: [0, 0]) == 0)
  }

  @Test("three objectives agree with inclusion and exclusion")
  func threeObjectives() throws {
    let a: [Double] = [3, 1, 2]
    let b: [Double] = [1, 4, 1]
    let c: [Double] = [2, 2, 3]
    func box(_ points: [[Double]]) -> Double {
      (0..<3).reduce(1.0) { product, axis in product * (points.map { $0[axis] }.min() ?? 0) }
    }
    let union =
      box([a]) + box([b]) + box([c]) - box([a, b]) - box([a, c]) - box([b, c]) + box([a, b, c])
    expectClose(
      try ParetoFront.hypervolume([a, b, c], reference: [0, 0, 0]), union, within: 1e-12)
  }

  @Test("adding a dominated point changes nothing, and a short point is refused")
  func edges() throws {
    let points: [[Double]] = [[1, 3], [3, 1]]
    let before = try ParetoFront.hypervolume(points, reference: [0, 0])
    #expect(try ParetoFront.hypervolume(points + [[1, 1]], reference: [0, 0]) == before)
    #expect(throws: EvaluationError.self) {
      try ParetoFront.hypervolume([[1]], reference: [0, 0])
    }
  }
}
