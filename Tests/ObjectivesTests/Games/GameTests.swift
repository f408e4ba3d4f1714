// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@testable import Objectives

@Suite("Losses on pairs that the policy samples")
struct GameTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture("systems.json")["games"] }

  private func pairs(_ policy: [Tensor], isSwapped: Bool = false) -> OnlinePairs {
    let reference = fixture["reference"].list.map(\.tensor)
    let p = fixture["preferences"].tensor
    return isSwapped
      ? OnlinePairs(
        policyFirst: policy[1], policySecond: policy[0], referenceFirst: reference[1],
        referenceSecond: reference[0], preferences: 1 - p)
      : OnlinePairs(
        policyFirst: policy[0], policySecond: policy[1], referenceFirst: reference[0],
        referenceSecond: reference[1], preferences: p)
  }

  private var policy: [Tensor] { fixture["policy"].list.map(\.tensor) }

  @Test("loss and gradients are those of PyTorch", arguments: ["ipo", "dpo", "slic"])
  func golden(name: String) {
    let losses: [String: any PairObjective] = [
      "ipo": IPO(beta: 0.1, isLengthNormalized: false), "dpo": DPO(beta: 0.1),
      "slic": RatioHinge(beta: 0.1),
    ]
    let loss = OnlinePairLoss(losses[name] ?? DPO())
    let expected = fixture[name]
    expectClose(loss(pairs(policy)).loss, expected["loss"].number, atol: 1e-12)
    let found = gradients(of: { loss(pairs($0)).loss }, at: policy)
    expectClose(found.flatMap(\.self), expected["gradients"].numbers, atol: 1e-12)
  }

  @Test("online IPO is IPO on sums inside the soft form, and swapping both sides changes nothing")
  func identity() {
    let loss = OnlineIPO(klCoefficient: 0.1)
    expectClose(loss(pairs(policy)).loss, fixture["ipo"]["loss"].number, atol: 1e-12)
    expectClose(
      loss(pairs(policy, isSwapped: true)).loss, fixture["ipo"]["loss"].number, atol: 1e-12)
    expectClose(IPOMD(klCoefficient: 0.1)(pairs(policy)).loss, loss(pairs(policy)).loss, atol: 0)
  }

  @Test("without a preference the loss is least where both sides moved alike")
  func noPreference() {
    func slope(_ h: Double) -> Double {
      gradients(
        of: { input in
          OnlineIPO(klCoefficient: 0.1)(
            OnlinePairs(
              policyFirst: input[0], policySecond: Tensor([0.0]), referenceFirst: Tensor([0.0]),
              referenceSecond: Tensor([0.0]), preferences: Tensor([0.5]))
          ).loss
        }, at: [Tensor([h])])[0][0]
    }
    expectClose([slope(0), slope(1.5)], [0, 3], atol: 1e-12)
  }

  @Test("no gradient reaches reference, preferences or weights")
  func detached() {
    let inputs = policy + fixture["reference"].list.map(\.tensor) + [fixture["preferences"].tensor]
    let found = gradients(
      of: { input in
        OnlineIPO()(
          OnlinePairs(
            policyFirst: input[0], policySecond: input[1], referenceFirst: input[2],
            referenceSecond: input[3], preferences: input[4])
        ).loss
      }, at: inputs)
    #expect(found[0].contains { $0 != 0 })
    for index in 2...4 { #expect(found[index].allSatisfy { $0 == 0 }) }
  }

  @Test("weights make expectations: a pair that weighs twice counts as two")
  func weights() {
    let twice = policy.map { concatenated([$0, $0.narrowed(0, 0..<1)]) }
    let reference = fixture["reference"].list.map { input in
      concatenated([input.tensor, input.tensor.narrowed(0, 0..<1)])
    }
    let p = fixture["preferences"].tensor
    let repeated = OnlinePairs(
      policyFirst: twice[0], policySecond: twice[1], referenceFirst: reference[0],
      referenceSecond: reference[1], preferences: concatenated([p, p.narrowed(0, 0..<1)]))
    var weighted = pairs(policy)
    weighted.weights = Tensor([2.0, 1, 1])
    let terms = OnlineIPO()(weighted)
    expectClose(terms.loss, OnlineIPO()(repeated).loss, atol: 1e-12)
    #expect(terms.weight == 4)
  }

  @Test("Nash-MD-PG has PyTorch's gradient, and none through its bracket")
  func nashMD() {
    let reference = fixture["reference"].list[0].tensor
    let expected = fixture["nash_md"]
    func loss(_ policy: Tensor) -> Tensor {
      NashMDGradient(klCoefficient: 0.1)(
        policy: policy, reference: reference, preferences: fixture["preferences"].tensor
      ).loss
    }
    expectClose(loss(policy[0]), expected["loss"].number, atol: 1e-12)
    expectClose(
      gradients(of: { loss($0[0]) }, at: [policy[0]])[0], expected["gradients"].numbers,
      atol: 1e-12)
  }

  @Test("the geometric mixture is normalised, detached, and its ends are policy and reference")
  func mixture() {
    let policy = log(Tensor([0.7, 0.1, 0.1, 0.1])).asParameter()
    let reference = log(Tensor([0.4, 0.3, 0.2, 0.1]))
    let mixed = GeometricMixture(mixtureWeight: 0.05)(policy: policy, reference: reference)
    expectClose(exp(mixed), fixture["mixture"].numbers, atol: 1e-12)
    #expect(!mixed.requiresGrad)
    for (weight, end) in [(0.0, policy.detached()), (1.0, reference)] {
      let found = GeometricMixture(mixtureWeight: weight)(policy: policy, reference: reference)
      expectClose(found, end.doubles, atol: 1e-12)
    }
  }

  @Test("coefficients outside of their range stop with a sentence")
  func ranges() throws {
    #expect(throws: TensorError.self) { try withTensorErrors { _ = OnlineIPO(klCoefficient: 0) } }
    #expect(throws: TensorError.self) {
      try withTensorErrors { _ = GeometricMixture(mixtureWeight: 1.1) }
    }
    #expect(throws: TensorError.self) {
      try withTensorErrors {
        _ =
          OnlineIPO()(
            OnlinePairs(
              policyFirst: Tensor([-1.0, -2.0]), policySecond: Tensor([-1.0]),
              referenceFirst: Tensor([-1.0]), referenceSecond: Tensor([-1.0]),
              preferences: Tensor([1.0]))
          ).loss
      }
    }
  }
}
