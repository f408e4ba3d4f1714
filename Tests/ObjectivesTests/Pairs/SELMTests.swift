// SPDX-License-Identifier: Apache-2.0

import Objectives
import TestSupport
import Testing
import Torch

@Suite("SELM")
struct SELMTests {
  /// A softmax over four arms; the pair is arms 0 and 2, policy and reference differ.
  private func gradient(_ objective: some PairObjective, response: Int) -> [Double] {
    let logits = Tensor([0.3, -1.2, 0.8, 0.1]).asParameter()
    let policy = logits.logSoftmax(0)
    let reference = Tensor([0.0, 0.5, -0.5, 1.0]).logSoftmax(0)
    func arm(_ table: Tensor, _ index: Int) -> Tensor { table.rows(Tensor([index])) }
    var pairs = PairInputs(
      policy: PairLogProbs(chosen: arm(policy, 0), rejected: arm(policy, 2)),
      reference: PairLogProbs(chosen: arm(reference, 0), rejected: arm(reference, 2)))
    pairs.third = ThirdCompletion(
      policy: arm(policy, response), reference: arm(reference, response),
      tokenCounts: Tensor([1.0]))
    objective(pairs).loss.backward()
    return logits.grad?.doubles ?? []
  }

  // Also where ŷ is the chosen arm (0) or the rejected one (2).
  @Test(
    "the optimistic term's gradient in four logits is αβ (onehot(ŷ) − π)",
    arguments: [0, 1, 2, 3], [0.001, 0.1])
  func termGradient(response: Int, alpha: Double) {
    let beta = 0.3
    let probabilities = Tensor([0.3, -1.2, 0.8, 0.1]).softmax(0).doubles
    let term = zip(
      gradient(SELM(beta: beta, alpha: alpha), response: response),
      gradient(DPO(beta: beta), response: response)
    ).map { $0 - $1 }
    let expected = probabilities.indices.map {
      alpha * beta * (($0 == response ? 1 : 0) - probabilities[$0])
    }
    expectClose(term, expected, atol: 1e-15)
  }
}
