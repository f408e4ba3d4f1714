// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import Training

@Suite("RAFT")
struct RAFTTests {
  @Test("the first of the best is kept, what is not a number never, and a row of those drops out")
  func selection() {
    let scores = [[0.1, 0.9, 0.9], [-1, -2, .nan], [.nan, .nan, .nan], [.nan, -3, -2]]
    #expect(RAFTSelection.bestOfEach(scores) == [1, 0, nil, 2])
  }

  @Test("only the order within a prompt counts for the best of each, but not for the best share")
  func invariance() {
    let scores = [[0.3, 0.1, 0.2], [5.0, 7.0, 6.0]]
    let shifted = [scores[0].map { 100 + 3 * $0 }, scores[1].map { $0 * $0 * $0 }]
    #expect(RAFTSelection.bestOfEach(scores) == RAFTSelection.bestOfEach(shifted))
    let pooled = RAFTSelection.bestShare(0.5, of: scores.flatMap(\.self))
    #expect(pooled == [3, 4, 5])
    #expect(RAFTSelection.bestShare(0.5, of: shifted.flatMap(\.self)) != [0, 1, 2])
    let lifted = scores[0].map { $0 + 100 } + scores[1]
    #expect(RAFTSelection.bestShare(0.5, of: lifted) == [0, 1, 2])
  }

  @Test("the best share is of all samples, at least one, the earlier of equals")
  func share() {
    #expect(RAFTSelection.bestShare(0.5, of: [3, 1, 2, 0]) == [0, 2])
    #expect(RAFTSelection.bestShare(0.1, of: [3, 1, 2, 0]) == [0])
    #expect(RAFTSelection.bestShare(0.5, of: [1, 1, 1, 1]) == [0, 1])
    #expect(RAFTSelection.bestShare(1, of: [.nan, 2]) == [1])
  }

  @Test("a tax turns the order round where the better sample has moved far")
  func taxed() {
    let taxed = RAFTSelection.taxed([[2, 1.5]], klCoefficient: 0.5, logRatios: [[2, -1]])
    #expect(taxed == [[1, 2]])
    #expect(RAFTSelection.bestOfEach(taxed) == [1])
  }

  @Test("each stage asks, samples, scores, fits what was best, and is told about")
  func loop() {
    var fitted: [[String]] = []
    var stages: [RAFTStage] = []
    raft(
      stageCount: 2,
      prompts: { stage in ["a\(stage)", "b\(stage)", "c\(stage)"] },
      sample: { prompts in prompts.map { prompt in ["\(prompt)!", "\(prompt)?"] } },
      score: { prompts, _ in
        prompts.map { prompt in
          prompt.hasPrefix("c") ? [.nan, .nan] : prompt.hasPrefix("a") ? [1, 2] : [4, 0]
        }
      },
      fit: { kept in fitted.append(kept.map { "\($0.prompt)>\($0.completion)" }) },
      log: { stages.append($0) })
    #expect(fitted == [["a0>a0?", "b0>b0!"], ["a1>a1?", "b1>b1!"]])
    #expect(stages.map(\.stage) == [0, 1])
    #expect(stages[0].meanScore == 1.75)
    #expect(stages[0].meanKeptScore == 3)
    #expect(stages[0].keptCount == 2 && stages[0].droppedCount == 1)
  }
}
