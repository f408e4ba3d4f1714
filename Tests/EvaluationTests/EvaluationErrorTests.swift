// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Evaluation

@Suite("Evaluation errors")
struct EvaluationErrorTests {
  @Test("name the metric, what was found and what to do")
  func sentences() {
    let few = EvaluationError.tooFew(
      metric: "win rate", what: "readable comparisons", found: 0, minimum: 1)
    #expect(few.description == "win rate: needs at least 1 readable comparisons, found 0")
    let outside = EvaluationError.outOfRange(
      metric: "ECE", what: "prediction", index: 3, found: "1.5", allowed: "0 to 1")
    #expect(outside.description == "ECE: prediction at position 3 is 1.5; allowed: 0 to 1")
    let uneven = EvaluationError.lengthMismatch(
      metric: "AUROC", first: "labels", firstCount: 2, second: "scores", secondCount: 3)
    #expect(uneven.description.contains("2 labels but 3 scores"))
  }
}
