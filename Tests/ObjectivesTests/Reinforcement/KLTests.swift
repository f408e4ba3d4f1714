// SPDX-License-Identifier: Apache-2.0
import Foundation
import Objectives
import TestSupport
import Testing
import Torch

@Suite("KL estimators and controller")
struct KLTests {
  @Test("each estimator matches values and gradients made with PyTorch, k3 up to its bound")
  func golden() throws {
    let fixture = try Fixture("kl.json")
    for estimator in KLEstimator.allCases {
      let expected = fixture["estimators"][estimator.rawValue]
      let bound = estimator == .k3 ? 10.0 : .infinity
      let values = expected["values"].numbers
      #expect(values.count == 6)
      expectClose(
        estimator(fixture["log_ratio"].tensor), values.map { min($0, bound) }, atol: 1e-10)

      let leaf = expected["gradient_inputs"].tensor.asParameter()
      let estimates = estimator(leaf)
      let isBound = estimates.doubles.map { $0 >= bound }
      estimates.sum().backward()
      let slopes = zip(expected["gradient"].numbers, isBound).map { $1 ? 0 : $0 }
      expectClose(leaf.grad?.doubles ?? [], slopes, atol: 1e-10)
    }
  }

  @Test("k3 is never negative and exact for tiny ratios, where e^-d - 1 + d cancels")
  func k3NearZero() {
    let ratios = Tensor([1e-9, -1e-9, 1e-7, 3e-5])
    expectClose(KLEstimator.k3(ratios), [5e-19, 5e-19, 5e-15, 4.5e-10], atol: 1e-17, rtol: 1e-3)
    let wide = Tensor((-40...40).map { Double($0) / 3 })
    #expect(KLEstimator.k3(wide).min().item >= 0)
    #expect(KLEstimator.k3(Tensor([-1000.0, 1000])).doubles == [10, 10])
  }

  @Test("expectations under the policy: k1 and k3 are the divergence, k2 is not")
  func expectations() throws {
    let fixture = try Fixture("kl.json")["categorical"]
    let policy = fixture["policy"].tensor
    let reference = fixture["reference"].tensor
    let ratio = log(policy) - log(reference)
    for estimator in KLEstimator.allCases {
      expectClose(
        (policy * estimator(ratio)).sum(), fixture["expected"][estimator.rawValue].number,
        atol: 1e-10)
    }
    let full = KLEstimator.full(policyLogits: log(policy) + 3, referenceLogits: log(reference) - 5)
    #expect(full.shape == [])
    expectClose(full, fixture["full"].number, atol: 1e-10)
  }

  @Test("the full divergence has its gradient and bears tokens that cannot occur")
  func full() {
    let policy = Tensor([0.3, -1, 2, 0, 0.5, 1], shape: [2, 3])
    let reference = Tensor([0.1, 0.4, 1, -1, 0, 1], shape: [2, 3])
    expectGradients(
      of: { KLEstimator.full(policyLogits: $0[0], referenceLogits: reference).sum() }, at: [policy])
    #expect(KLEstimator.full(policyLogits: policy, referenceLogits: reference).shape == [2])

    let banned = Tensor([0.0, 0, -Double.infinity])
    // two of three equally likely tokens: log(1/2) − log(1/3)
    expectClose(
      KLEstimator.full(policyLogits: banned, referenceLogits: banned.zerosLike()),
      0.4054651081081644, atol: 1e-12)
  }

  // Ziegler et al. 2019: π* ∝ π_ref exp(R / β).
  @Test("gradient ascent on reward minus beta KL ends at the known optimum", arguments: [0.5, 2])
  func regularisedBandit(beta: Double) {
    let reward = Tensor([1.0, -0.5, 0.3, 0.8, 0, -1, 0.6, 0.1])
    let prior = Tensor([0.3, -0.2, 0.9, 0, 1.1, 0.4, -0.7, 0.2])  // logits
    let logits = prior.asParameter()
    let optimizer = AdamW([("logits", logits)], learningRate: 0.05)
    for _ in 0..<600 {
      optimizer.zeroGrad()
      let expected = (logits.softmax(0) * reward).sum()
      let divergence = KLEstimator.full(policyLogits: logits, referenceLogits: prior)
      (beta * divergence - expected).backward()
      optimizer.step()
    }
    expectClose(logits.softmax(0), (prior + reward / beta).softmax(0), atol: 1e-4)
  }

  @Test("the adaptive controller follows the paper's numbers")
  func adaptive() throws {
    for expected in try Fixture("kl.json")["adaptive"].list {
      var controller = KLController(
        expected["initial"].number,
        rule: .adaptive(target: expected["target"].number, horizon: expected["horizon"].number))
      let found = expected["sequence_kl"].numbers.map { kl in
        controller.update(sequenceKL: kl, episodeCount: Int(expected["episodes"].number))
        return controller.coefficient
      }
      expectClose(found, expected["coefficients"].numbers, atol: 1e-12)
    }
  }

  @Test("a fixed controller stays, and NaN moves neither")
  func fixed() {
    var fixed = KLController(0.05)
    fixed.update(sequenceKL: 100, episodeCount: 1000)
    #expect(fixed.coefficient == 0.05)
    var adaptive = KLController(0.2, rule: .adaptive(target: 6, horizon: 10000))
    adaptive.update(sequenceKL: .nan, episodeCount: 256)
    #expect(adaptive.coefficient == 0.2)
  }

  @Test("a controller read back from JSON continues where it stood")
  func coding() throws {
    var controller = KLController(0.2, rule: .adaptive(target: 6, horizon: 10000))
    controller.update(sequenceKL: 12, episodeCount: 256)
    var copy = try JSONDecoder().decode(
      KLController.self, from: JSONEncoder().encode(controller))
    #expect(copy == controller)
    controller.update(sequenceKL: 6.5, episodeCount: 256)
    copy.update(sequenceKL: 6.5, episodeCount: 256)
    #expect(copy.coefficient == controller.coefficient)
    expectClose([copy.coefficient], [0.2014528512], atol: 1e-12)
  }

  @Test("impossible settings are refused in words")
  func settings() {
    #expect(throws: TensorError.self) { try withTensorErrors { KLController(-1) } }
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors { KLController(0.1, rule: .adaptive(target: 0, horizon: 10)) }
    }
    #expect(
      error?.description
        == "KL controller: target KL and horizon must be above 0; got 0.0 and 10.0")
  }
}
