// SPDX-License-Identifier: Apache-2.0
import Objectives
import TestSupport
import Testing
import Torch

@Suite("Advantages without a critic")
struct GroupAdvantageTests {
  // Two prompts of four completions.
  let scores = Tensor([1, 0, 0.5, 1, 0, 0, 1, 0])

  // NumPy: (r - r.mean(1, keepdims=True)) / (r.std(1, ddof=1, keepdims=True) + 1e-4) and its kin; equal to TRL's.
  @Test("match numbers made with NumPy")
  func golden() {
    expectClose(
      GroupAdvantage()(scores, groupSize: 4),
      [0.783186, -1.30531, -0.261062, 0.783186, -0.4999, -0.4999, 1.4997, -0.4999], atol: 1e-6)
    expectClose(
      GroupAdvantage(epsilon: 1e-8, isUnbiased: false)(scores, groupSize: 4),
      [0.904534, -1.507557, -0.301511, 0.904534, -0.57735, -0.57735, 1.732051, -0.57735], atol: 1e-6
    )
    expectClose(
      GroupAdvantage(scale: .none)(scores, groupSize: 4),
      [0.375, -0.625, -0.125, 0.375, -0.25, -0.25, 0.75, -0.25], atol: 1e-12)
    expectClose(
      GroupAdvantage(scale: .batch)(scores, groupSize: 4).narrowed(0, 0..<4),
      [0.756635, -1.261058, -0.252212, 0.756635], atol: 1e-6)
    expectClose(
      LeaveOneOut()(scores, groupSize: 4),
      [0.5, -0.833333, -0.166667, 0.5, -0.333333, -0.333333, 1, -0.333333], atol: 1e-6)
  }

  @Test("leaving one out is K / (K − 1) times the distance from the mean")
  func leaveOneOut() {
    let plain = GroupAdvantage(scale: .none)(scores, groupSize: 4)
    expectClose(LeaveOneOut()(scores, groupSize: 4), (plain * (4.0 / 3)).doubles, atol: 1e-12)
  }

  @Test("a constant added to all scores changes nothing")
  func shift() {
    for scale in GroupAdvantage.Scale.allCases {
      let estimator = GroupAdvantage(scale: scale)
      expectClose(
        estimator(scores + 7, groupSize: 4), estimator(scores, groupSize: 4).doubles, atol: 1e-12)
    }
    expectClose(
      LeaveOneOut()(scores - 3, groupSize: 4), LeaveOneOut()(scores, groupSize: 4).doubles,
      atol: 1e-12)
  }

  // 0.1 + 0.1 + 0.1 is not 0.3: without care the rounding of the mean would be an advantage.
  @Test("groups of equal scores have advantage 0, exactly", arguments: [0.1, -3.3, 1e9])
  func equal(value: Double) {
    let equal = Tensor([value, value, value])
    for scale in GroupAdvantage.Scale.allCases {
      #expect(GroupAdvantage(scale: scale)(equal, groupSize: 3).doubles == [0, 0, 0])
      #expect(GroupAdvantage(scale: scale)(equal.to(.float32), groupSize: 3).doubles == [0, 0, 0])
    }
    #expect(LeaveOneOut()(equal, groupSize: 3).doubles == [0, 0, 0])
    #expect(Whitening()(equal).doubles == [0, 0, 0])
  }

  @Test("a missing score has advantage 0 and is in no mean")
  func missing() {
    let some = Tensor([1, .nan, 0, 0.5, .nan, .nan, 2, .nan])
    expectClose(
      GroupAdvantage(scale: .none)(some, groupSize: 4), [0.5, 0, -0.5, 0, 0, 0, 0, 0], atol: 1e-12)
    expectClose(LeaveOneOut()(some, groupSize: 4), [0.75, 0, -0.75, 0, 0, 0, 0, 0], atol: 1e-12)
    // The deviation of 1, 0, 0.5 is 0.5.
    expectClose(
      GroupAdvantage()(some, groupSize: 4).narrowed(0, 0..<4),
      [0.5 / 0.5001, 0, -0.5 / 0.5001, 0], atol: 1e-12)
    let none = Tensor([Double.nan, .nan, .nan, .nan])
    for scale in GroupAdvantage.Scale.allCases {
      #expect(GroupAdvantage(scale: scale)(none, groupSize: 2).doubles == [0, 0, 0, 0])
    }
  }

  // NumPy: z = sum(w * (r - mean_g) / (std_g + 1e-4)); (z - z.mean()) / (z.std(ddof=1) + 1e-4)
  @Test("GDPO brings rewards of different size to one scale first")
  func decoupled() {
    let large = Tensor([100, 300, 200, 0, 500, 500, 100, 900])
    expectClose(
      GDPO()([scores, large], weights: [1, 0.5], groupSize: 4),
      [
        1.0472513, -1.2867556, -0.1197521, 0.3592564, -0.8880208, -0.8880208, 1.5762463, 0.1997953,
      ], atol: 1e-6)
    // A reward's scale does not matter.
    expectClose(
      GDPO()([scores, large * 1e-2], weights: [1, 0.5], groupSize: 4),
      GDPO()([scores, large], weights: [1, 0.5], groupSize: 4).doubles, atol: 1e-3)
    let alone = GDPO()([scores], weights: [1], groupSize: 4)
    expectClose(alone.mean(), 0, atol: 1e-12)
    expectClose(alone.variance(correction: 1), 1, atol: 1e-3)
  }

  @Test("nothing carries a gradient")
  func detached() {
    let leaf = scores.asParameter()
    #expect(!GroupAdvantage()(leaf, groupSize: 4).requiresGrad)
    #expect(!LeaveOneOut()(leaf, groupSize: 4).requiresGrad)
    #expect(!GDPO()([leaf], weights: [1], groupSize: 4).requiresGrad)
  }

  @Test("groups of one, and scores that make no whole groups, stop with a sentence")
  func badGroups() {
    for size in [0, 1, 3] {
      let error = #expect(throws: TensorError.self) {
        try withTensorErrors { _ = GroupAdvantage()(scores, groupSize: size) }
      }
      #expect("\(String(describing: error))".contains("multiple of the group size"))
    }
  }

  @Test("the penalty for length grows from L − c to L")
  func overlong() {
    let penalty = SoftOverlongPenalty(limit: 100, margin: 20)
    #expect([0, 80, 90, 100, 101].map { penalty(tokenCount: $0) } == [0, 0, -0.5, -1, -1])
  }
}
