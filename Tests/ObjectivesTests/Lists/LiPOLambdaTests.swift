// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@testable import Objectives

@Suite("LiPO-λ")
struct LiPOLambdaTests {
  // ψ = (0.9, 0.4), s = (0.2, 0.5): softplus(0.3) = 0.854355, gains differ by 2^0.9 − 2^0.4 = 0.546558,
  // discounts by 1/ln 2 − 1/ln 3 = 0.532456.
  @Test(
    "its ablations leave one factor of the weight out",
    arguments: [
      (LiPOLambda.Weighing.both, 0.248633), (.gain, 0.466954), (.rank, 0.454907),
    ])
  func ablations(weighing: LiPOLambda.Weighing, expected: Double) {
    let pair = ListInputs(scores: Tensor(rows: [[0.2, 0.5]]), labels: Tensor(rows: [[0.9, 0.4]]))
    expectClose(LiPOLambda(weighing: weighing).losses(pair), [expected], atol: 1e-6)
  }

  // ψ = (.9, .4, .6, .1), s = (.2, .5, −.3, .1): all six weights and the sum, as published.
  @Test("four candidates have the published loss")
  func four() {
    let lists = ListInputs(
      scores: Tensor(rows: [[0.2, 0.5, -0.3, 0.1]]), labels: Tensor(rows: [[0.9, 0.4, 0.6, 0.1]]))
    expectClose(LiPOLambda().losses(lists), [0.714247], atol: 1e-6)
  }
}
