// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@testable import Objectives

@Suite("Weights of rows in losses")
struct WeightedMeanTests {
  let policy = PairLogProbs(chosen: Tensor([-12, -30.5, -7]), rejected: Tensor([-14, -29, -7.5]))
  let reference = PairLogProbs(
    chosen: Tensor([-13, -30, -7.25]), rejected: Tensor([-13.5, -30, -7]))
  let chosen = Tensor([1.2, 0.3, -0.5])
  let rejected = Tensor([0.2, 0.8, -1.5])
  let weights = Tensor([0.5, 2, 1])

  // NumPy, float64, w = (.5, 2, 1):
  //   h = (pc-pr)-(rc-rr); l = log1p(exp(-.1*h)); (w*l).sum()/w.sum()
  //   d = c-r; l = log1p(exp(-d)); bt = (w*l).sum()/w.sum()
  //   bt + .01*(w*(c+r)**2).sum()/w.sum() + .001*(w*(c*c+r*r)/2).sum()/w.sum()
  @Test("weighted losses match NumPy and weigh the sum of weights")
  func golden() {
    let dpo = DPO(beta: 0.1)(policy: policy, reference: reference, weights: weights)
    expectClose(dpo.loss, 0.716783646, atol: 1e-6)
    #expect(dpo.weight == 3.5)
    let plain = BradleyTerry()(chosen: chosen, rejected: rejected, weights: weights)
    expectClose(plain.loss, 0.690870428, atol: 1e-6)
    #expect(plain.weight == 3.5)
    let penalised = BradleyTerry(centerRewardsCoefficient: 0.01, l2Coefficient: 0.001)(
      chosen: chosen, rejected: rejected, weights: weights)
    expectClose(penalised.loss, 0.712684714, atol: 1e-6)
  }

  @Test("weights of 1 change nothing")
  func ones() {
    let ones = Tensor([1.0, 1, 1])
    let dpo = DPO()(policy: policy, reference: reference, weights: ones)
    expectClose(dpo.loss, DPO()(policy: policy, reference: reference).loss, atol: 1e-7)
    let reward = BradleyTerry(l2Coefficient: 0.1)
    let weighted = reward(chosen: chosen, rejected: rejected, weights: ones)
    expectClose(weighted.loss, reward(chosen: chosen, rejected: rejected).loss, atol: 1e-7)
  }

  @Test("a weight of 2 is the pair twice, also in the gradient")
  func twice() {
    func gradient(_ indices: [Int], _ weights: [Double]?) -> [Double] {
      let leaf = chosen.asParameter()
      let places = Tensor(indices)
      let terms = BradleyTerry(centerRewardsCoefficient: 0.1)(
        chosen: leaf.rows(places), rejected: rejected.rows(places),
        weights: weights.map { Tensor($0) })
      terms.loss.backward()
      return leaf.grad?.doubles ?? []
    }
    expectClose(gradient([0, 1, 2], [1, 2, 1]), gradient([0, 1, 1, 2], nil), atol: 1e-7)
  }

  @Test("what weighs 0 may hold anything; without any weight the mean is 0")
  func zero() {
    let values = Tensor([1.0, .infinity, 3])
    let (mean, weight) = weightedMean("a test", values, Tensor([1.0, 0, 1]))
    expectClose(mean, 2.0)
    #expect(weight == 2)
    let none = weightedMean("a test", values, Tensor([0.0, 0, 0]))
    expectClose(none.mean, 0.0)
    #expect(none.weight == 0)
  }

  @Test("metrics are plain means over pairs, whatever their weights")
  func metrics() throws {
    let weighted = DPO()(policy: policy, reference: reference, weights: weights).metrics
    let plain = DPO()(policy: policy, reference: reference).metrics
    #expect(Set(weighted.keys) == Set(plain.keys))
    for (name, mean) in plain {
      let other = try #require(weighted[name])
      #expect(other.value.item == mean.value.item && other.weight == 3, "\(name)")
    }
    expectClose(try #require(plain["beta"]).value, 0.1, atol: 1e-12)
  }
}
