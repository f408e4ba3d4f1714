// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Evaluation

@Suite("Distributions")
struct CategoricalTests {
  let p = Categorical(logits: [2, 1, 0, -1])
  let q = Categorical(logits: [1, 1, 0.5, -1])

  // NumPy / SciPy: softmax, scipy.stats.entropy, jensenshannon**2
  @Test("entropy and divergences match SciPy")
  func golden() {
    expectClose(p.probabilities, [0.643914, 0.236883, 0.087144, 0.032059])
    expectClose(p.entropy, 0.947537)
    expectClose(p.klDivergence(to: q), 0.168791)
    expectClose(q.klDivergence(to: p), 0.177441)
    expectClose(p.jensenShannon(with: q), 0.042415)
    expectClose(p.totalVariation(to: q), 0.279199)
  }

  @Test("clusters of sizes 2, 1, 1 count as 2.83")
  func effectiveCount() throws {
    let clusters = try Categorical(weights: [2, 1, 1])
    expectClose(clusters.entropy, 1.039721)
    expectClose(clusters.effectiveCount, 2.828427)
  }

  @Test("distances are 0 for equal and not negative for different distributions")
  func identities() {
    var generator = TestGenerator(6)
    for _ in 0..<50 {
      let a = Categorical(logits: (0..<7).map { _ in 3 * generator.normal() })
      let b = Categorical(logits: (0..<7).map { _ in 3 * generator.normal() })
      #expect(a.klDivergence(to: a) == 0 && a.totalVariation(to: a) == 0)
      #expect(abs(a.jensenShannon(with: a)) < 1e-15)
      #expect(a.klDivergence(to: b) > 0)
      // Pinsker's inequality ties two of them together.
      #expect(a.totalVariation(to: b) <= (a.klDivergence(to: b) / 2).squareRoot())
      #expect(a.jensenShannon(with: b) <= log(2.0))
    }
  }

  @Test("impossible outcomes add nothing, and cost everything where they happen")
  func zeros() throws {
    let certain = try Categorical(weights: [1, 0])
    let fair = try Categorical(weights: [1, 1])
    #expect(certain.entropy == 0)
    expectClose(certain.klDivergence(to: fair), log(2.0), within: 1e-12)
    #expect(fair.klDivergence(to: certain) == .infinity)
    #expect(throws: EvaluationError.self) { try Categorical(weights: [0, 0]) }
    #expect(throws: EvaluationError.self) { try Categorical(weights: [1, -1]) }
  }
}

@Suite("Sampled KL")
struct SampledKLTests {
  // NumPy: r = ref - pol; (-r).mean(), (r**2/2).mean(), (exp(r)-1-r).mean()
  @Test("k1, k2 and k3 match NumPy")
  func golden() throws {
    let result = try SampledKL()(
      policy: [[-1, -0.5, -2, -0.7]], reference: [[-1.2, -0.9, -1.5, -0.7]])
    expectClose(result.k1.perToken.value, 0.025)
    expectClose(result.k2.perToken.value, 0.056250)
    expectClose(result.k3.perToken.value, 0.059443)
    expectClose(result.k3.perSequence.value, 4 * 0.059443, within: 4e-6)
  }

  @Test("sequences are summed, tokens are pooled")
  func denominators() throws {
    let result = try SampledKL(bootstrap: Bootstrap(draws: 100, seed: 1))(
      policy: [[-1, -1, -1], [-1]], reference: [[-2, -2, -2], [-1]])
    #expect(result.k1.perToken.value == 0.75 && result.k1.perToken.count == 4)
    #expect(result.k1.perSequence.value == 1.5 && result.k1.perSequence.count == 2)
    #expect(result.k1.perSequence.interval?.contains(1.5) == true)
  }

  @Test("k1 and k3 agree with the exact divergence on many samples; k3 is never negative")
  func unbiased() throws {
    let p = Categorical(logits: [1, 0, -1])
    let q = Categorical(logits: [0.5, 0.5, -1])
    var generator = TestGenerator(12)
    let tokens = (0..<20_000).map { _ -> Int in
      var left = generator.uniform()
      return p.probabilities.firstIndex {
        left -= $0
        return left < 0
      } ?? 2
    }
    let result = try SampledKL()(
      policy: [tokens.map { p.logProbabilities[$0] }],
      reference: [tokens.map { q.logProbabilities[$0] }])
    expectClose(result.k1.perToken.value, p.klDivergence(to: q), within: 0.01)
    expectClose(result.k3.perToken.value, p.klDivergence(to: q), within: 0.01)
    let tiny = try SampledKL()(policy: [[-1]], reference: [[-1 - 1e-9]])
    #expect(tiny.k3.perToken.value >= 0)
  }

  @Test("refuses lists that do not match")
  func refusals() {
    #expect(throws: EvaluationError.self) { try SampledKL()(policy: [[-1]], reference: []) }
    #expect(throws: EvaluationError.self) {
      try SampledKL()(policy: [[-1]], reference: [[-1, -2]])
    }
    #expect(throws: EvaluationError.self) { try SampledKL()(policy: [[]], reference: [[]]) }
  }
}

@Suite("Perplexity")
struct PerplexityTests {
  @Test("pools tokens over texts")
  func golden() throws {
    // numpy.exp(-numpy.mean([-1, -.5, -2, -.7, -.3]))
    expectClose(try Perplexity()([[-1, -0.5, -2], [-0.7, -0.3]]).value, 2.459603)
    expectClose(Perplexity.bitsPerByte(nats: 4.5, byteCount: 17), 0.381890)
    #expect(throws: EvaluationError.self) { try Perplexity()([[]]) }
  }

  @Test("a uniform model over 50 tokens has perplexity 50")
  func uniform() throws {
    let logProb = -log(50.0)
    expectClose(try Perplexity()([[logProb, logProb], [logProb]]).value, 50, within: 1e-9)
  }

  @Test(
    "windows score every token but the first exactly once, within the model's context",
    arguments: [(1, 8, 3), (2, 8, 3), (8, 8, 3), (9, 8, 3), (100, 8, 3), (100, 8, 7), (50, 16, 1)])
  func windows(tokenCount: Int, contextLength: Int, stride: Int) {
    let windows = ScoringWindow.covering(
      tokenCount: tokenCount, contextLength: contextLength, stride: stride)
    #expect(windows.flatMap { Array($0.scored) } == Array(1..<max(1, tokenCount)))
    for window in windows {
      #expect(window.context.count <= contextLength)
      #expect(window.context.upperBound == window.scored.upperBound)
      #expect(window.scored.lowerBound > window.context.lowerBound)
    }
    for window in windows.dropFirst() { #expect(window.scored.count <= stride) }
  }
}
