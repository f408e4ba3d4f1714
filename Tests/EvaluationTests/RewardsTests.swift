// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Evaluation

@Suite("Reward model accuracy")
struct RewardModelAccuracyTests {
  let pairs = [
    ScoredPair(chosen: 2, rejected: 1, chosenLength: 10, rejectedLength: 5, subset: "x"),
    ScoredPair(chosen: 1, rejected: 1, chosenLength: 4, rejectedLength: 9, subset: "x"),
    ScoredPair(chosen: 0, rejected: 3, chosenLength: 7, rejectedLength: 7, subset: "y"),
    ScoredPair(chosen: 4, rejected: 0, chosenLength: 3, rejectedLength: 2),
  ]

  @Test("a tie counts half, or nothing when strict")
  func ties() throws {
    let lenient = try RewardModelAccuracy()(pairs)
    #expect(lenient.overall.value == 0.625 && lenient.tieCount == 1)
    #expect(try RewardModelAccuracy(isStrict: true)(pairs).overall.value == 0.5)
  }

  @Test("slices by length and subset, with margins")
  func slices() throws {
    let result = try RewardModelAccuracy()(pairs)
    #expect(result.byLength[.chosenLonger]?.value == 1)
    #expect(result.byLength[.chosenLonger]?.count == 2)
    #expect(result.byLength[.chosenShorter]?.value == 0.5)
    #expect(result.byLength[.equalLength]?.value == 0)
    #expect(result.bySubset["x"]?.value == 0.75 && result.bySubset["y"]?.value == 0)
    expectClose(result.sectionScore, 0.5, within: 1e-12)
    expectClose(result.marginMean, 0.5, within: 1e-12)
    // numpy.std([1, 0, -3, 4], ddof=1)
    expectClose(result.marginDeviation, 2.886751)
  }

  @Test("section scores weight subsets by their pairs")
  func sections() throws {
    expectClose(
      try RewardModelAccuracy.weightedMean([(accuracy: 0.9, weight: 100), (0.8, 40)]), 0.871429)
    #expect(throws: EvaluationError.self) { try RewardModelAccuracy.weightedMean([(0.5, 0)]) }
  }

  // sklearn.metrics.roc_auc_score
  @Test("the area under the ROC curve matches scikit-learn, ties half")
  func areaUnderCurve() throws {
    let labels = [true, false, true, true, false, false]
    let scores = [0.9, 0.8, 0.7, 0.6, 0.6, 0.1]
    let bootstrap = Bootstrap(draws: 200, seed: 1)
    let estimate = try areaUnderROC(labels: labels, scores: scores, bootstrap: bootstrap)
    expectClose(estimate?.value, 0.722222)
    #expect(estimate?.interval?.contains(0.722222) == true)
    let flipped = try areaUnderROC(labels: labels, scores: scores.map { -$0 })
    expectClose(flipped?.value, 1 - 0.722222)
    #expect(try areaUnderROC(labels: [true, true], scores: [1, 2]) == nil)
  }
}
