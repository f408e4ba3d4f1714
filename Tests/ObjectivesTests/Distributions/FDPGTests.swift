// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@testable import Objectives

@Suite("f-DPG")
struct FDPGTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture("systems.json")["distributions"] }

  @Test(
    "every divergence has the value, the slope and the gradient of PyTorch",
    arguments: FDivergence.allCases)
  func golden(divergence: FDivergence) throws {
    let row = try #require(
      fixture["divergences"].list.first { $0["name"].text == divergence.rawValue })
    let policy = fixture["policy"].numbers
    let target = fixture["target"].numbers
    expectClose([divergence.divergence(policy, from: target)], [row["value"].number], atol: 1e-12)
    let ratios = zip(policy, target).map { Foundation.log($0 / $1) }
    expectClose(divergence.slope(Tensor(ratios)), row["slopes"].numbers, atol: 1e-12)

    // The policy gradient, all strings weighted by their probability, is the divergence's own gradient in the logits.
    let logits = Tensor(policy.map { Foundation.log($0) })
    let objective = FDPG(divergence)
    let found = gradients(
      of: { input in
        let logProbs = input[0].logSoftmax(0)
        let rewards = objective.pseudoRewards(
          policy: logProbs, target: log(Tensor(target)), logNormalizer: 0)
        return (exp(logProbs.detached()) * -rewards * logProbs).sum()
      }, at: [logits])
    expectClose(found[0], row["logit_gradient"].numbers, atol: 1e-12)
  }

  @Test("a batch with a proposal, a baseline and a forbidden string is that of PyTorch")
  func batch() {
    let row = fixture["batch"]
    let target = Tensor(row["target"].list.map { $0.optionalNumber ?? -.infinity })
    let objective = FDPG(.jensenShannon)
    let logZ = row["log_normalizer"].number
    expectClose(
      objective.pseudoRewards(
        policy: row["policy"].tensor, target: target, logNormalizer: logZ),
      row["pseudo_rewards"].numbers, atol: 1e-12)
    func loss(_ policy: Tensor) -> Tensor {
      objective(
        policy: policy, target: target, logNormalizer: logZ, baseline: row["baseline"].number,
        proposal: row["proposal"].tensor
      ).loss
    }
    expectClose(loss(row["policy"].tensor), row["loss"].number, atol: 1e-12)
    expectClose(
      gradients(of: { loss($0[0]) }, at: [row["policy"].tensor])[0], row["gradients"].numbers,
      atol: 1e-12)
  }

  @Test("where policy and target agree there is nothing to learn", arguments: FDivergence.allCases)
  func fixedPoint(divergence: FDivergence) {
    let policy = Tensor([0.5, 0.3, 0.2])
    let rewards = FDPG(divergence).pseudoRewards(
      policy: log(policy), target: log(policy), logNormalizer: 0
    ).doubles
    expectClose(rewards, [Double](repeating: rewards[0], count: 3), atol: 1e-12)
    expectClose([divergence.divergence(policy.doubles, from: policy.doubles)], [0], atol: 1e-15)
  }

  @Test("slopes stay finite for forgotten and for impossible strings")
  func extremes() {
    let ratios = Tensor([-1000.0, 1000])
    for divergence in FDivergence.allCases {
      let slopes = divergence.slope(ratios).doubles
      #expect(slopes.allSatisfy { $0.isFinite }, "\(divergence)")
    }
    let impossible = Tensor([Double.infinity])
    for divergence in FDivergence.allCases where divergence.slopeAtInfinity.isFinite {
      expectClose(divergence.slope(impossible), divergence.slopeAtInfinity, atol: 1e-12)
    }
  }

  @Test("probability where the target has none costs f′(∞)")
  func support() {
    let found = FDivergence.totalVariation.divergence([0.5, 0.5], from: [1, 0])
    expectClose([found], [0.5], atol: 1e-15)
    #expect(FDivergence.reverseKL.divergence([0.5, 0.5], from: [1, 0]) == .infinity)
    expectClose(
      [FDivergence.forwardKL.divergence([0.5, 0.5], from: [1, 0])], [Foundation.log(2)],
      atol: 1e-15)
  }

  @Test("the running estimate of Z is the mean of P/q, and unknown while all was forbidden")
  func normalizer() {
    var estimate = NormalizerEstimate()
    estimate.add(target: [-.infinity, -.infinity], proposal: [-1, -2])
    #expect(estimate.logNormalizer == nil)
    estimate.add(target: [-800, -801], proposal: [-1, -2])
    // (e^-799 + e^-799) / 4
    expectClose([estimate.logNormalizer ?? 0], [-799 - Foundation.log(2)], atol: 1e-12)
    #expect(estimate.count == 4)
  }

  @Test("the baseline is the mean of the latest values, 0 before there are any")
  func baseline() {
    var baseline = PseudoRewardBaseline(windowSize: 3)
    #expect(baseline.value == 0)
    baseline.add([1, 2])
    #expect(baseline.value == 1.5)
    baseline.add([3, 10])
    #expect(baseline.value == 5)
  }

  @Test("a tilt gives a feature its wanted mean, at the log-odds that say so")
  func tilt() {
    // Seven of ten samples have the feature; half shall: λ = log(0.3 / 0.7).
    let features = [1.0, 1, 1, 1, 1, 1, 1, 0, 0, 0].map { [$0] }
    let tilt = ExponentialTilt(features: features, means: [0.5], rate: 0.5)
    expectClose(tilt.lambda, [Foundation.log(3.0 / 7)], atol: 1e-4)
    #expect(tilt.residual <= 1e-5)
    expectClose([tilt.logFactor([1])], tilt.lambda, atol: 0)
  }
}
