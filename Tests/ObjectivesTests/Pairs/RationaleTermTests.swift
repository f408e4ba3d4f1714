// SPDX-License-Identifier: Apache-2.0

import Objectives
import TestSupport
import Testing
import Torch

@Suite("Rationales beside pairs")
struct RationaleTermTests {
  // D = 1.9
  private let pairs = PairInputs(
    policy: PairLogProbs(chosen: Tensor([1.5]), rejected: Tensor([-0.4])),
    reference: PairLogProbs(chosen: Tensor([0.0]), rejected: Tensor([0.0])))
  private let tokens = [-0.6, -0.9, -1.2, -0.3]
  private var sum: Double { tokens.reduce(0, +) }

  // PyTorch, float64: -logsigmoid(0.1 * 1.9) + 3 * gamma, and - logsigmoid(-3 * gamma) in place of that.
  @Test(
    "both forms match numbers made with PyTorch",
    arguments: [
      (0.001, 0.605653, 1.297301), (0.1, 0.902653, 1.457008), (1.0, 3.602653, 3.651240),
    ])
  func golden(gamma: Double, linear: Double, sigmoid: Double) {
    let dpo = DPO(beta: 0.1)(pairs)
    for (form, expected) in [(RationaleTerm.Form.linear, linear), (.sigmoid, sigmoid)] {
      let terms = RationaleTerm(gamma: gamma, form: form)(dpo, logProbs: Tensor([sum]))
      expectClose(terms.loss, expected, atol: 1e-6)
    }
  }

  @Test("the gradient in a rationale's sum is −γ, or −γ σ(−γ log π)")
  func gradient() {
    for (form, expected) in [(RationaleTerm.Form.linear, -0.1), (.sigmoid, -0.057444)] {
      let logProbs = Tensor([sum]).asParameter()
      RationaleTerm(gamma: 0.1, form: form)(DPO(beta: 0.1)(pairs), logProbs: logProbs)
        .loss.backward()
      expectClose(logProbs.grad?.doubles ?? [], [expected], atol: 1e-6)
    }
  }

  @Test("without weight it is DPO, or DPO and ln 2")
  func withoutWeight() {
    let dpo = DPO(beta: 0.1)(pairs)
    let logProbs = Tensor([sum])
    #expect(RationaleTerm(gamma: 0)(dpo, logProbs: logProbs).loss.item == dpo.loss.item)
    expectClose(
      RationaleTerm(gamma: 0, form: .sigmoid)(dpo, logProbs: logProbs).loss,
      dpo.loss.item + 0.6931471805599453, atol: 1e-12)
  }

  @Test("pairs without a rationale do not dilute those of the others")
  func missing() {
    let two = PairInputs(
      policy: PairLogProbs(chosen: Tensor([1.5, 1.5]), rejected: Tensor([-0.4, -0.4])),
      reference: PairLogProbs(chosen: Tensor([0.0, 0.0]), rejected: Tensor([0.0, 0.0])))
    let terms = RationaleTerm(gamma: 0.1)(DPO(beta: 0.1)(two), logProbs: Tensor([sum]))
    expectClose(terms.loss, 0.902653, atol: 1e-6)
    #expect(terms.weight == 2)
    expectClose([terms.metrics["logps/rationale"]?.value.item ?? .nan], [-3], atol: 1e-12)
    #expect(terms.metrics["rationale_loss"]?.weight == 1)
    #expect(terms.metrics["rewards/accuracies"]?.value.item == 1)
  }

  @Test("a negative weight, and no rationale at all, stop with a sentence")
  func refused() async {
    await #expect(processExitsWith: .failure) { _ = RationaleTerm(gamma: -1) }
    await #expect(processExitsWith: .failure) {
      let none = Tensor([Double]())
      let terms = Terms(loss: Tensor([0.0]).sum(), weight: 1)
      _ = RationaleTerm()(terms, logProbs: none)
    }
  }
}
