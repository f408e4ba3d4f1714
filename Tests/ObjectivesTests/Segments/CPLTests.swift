// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@testable import Objectives

@Suite("CPL")
struct CPLTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture("systems.json")["segments"] }

  private func pairs(_ input: [Tensor], preferences: [Double] = [1]) -> SegmentPairs {
    SegmentPairs(first: input[0], second: input[1], preferences: Tensor(preferences))
  }

  private var segments: [Tensor] { [fixture["first"].tensor, fixture["second"].tensor] }

  @Test("loss and gradients are those of PyTorch", arguments: 0..<4)
  func golden(index: Int) {
    let row = fixture["cases"].list[index]
    let loss = CPL(
      temperature: row["temperature"].number, conservativeBias: row["conservative_bias"].number,
      discount: row["discount"].number)
    expectClose(loss(pairs(segments)).loss, row["loss"].number, atol: 1e-12)
    let found = gradients(of: { loss(pairs($0)).loss }, at: segments)
    expectClose(found.flatMap(\.self), row["gradients"].numbers, atol: 1e-12)
  }

  @Test("soft labels, masks, a reference and the imitation term are those of PyTorch")
  func soft() {
    let row = fixture["soft"]
    let loss = CPL(
      temperature: 0.2, conservativeBias: 0.75, discount: 0.9, imitationCoefficient: 0.3,
      imitatesPreferredOnly: true)
    func value(_ input: [Tensor]) -> Tensor {
      var pairs = pairs(input, preferences: row["preferences"].numbers)
      pairs.firstReference = row["first_reference"].tensor
      pairs.secondReference = row["second_reference"].tensor
      pairs.firstMask = row["mask"].tensor
      pairs.secondMask = row["mask"].tensor
      return loss(pairs).loss
    }
    let inputs = [row["first"].tensor, row["second"].tensor]
    expectClose(value(inputs), row["loss"].number, atol: 1e-12)
    let found = gradients(of: value, at: inputs)
    expectClose(found.flatMap(\.self), row["gradients"].numbers, atol: 1e-12)
  }

  @Test("with a reference, one step and no bias it is DPO")
  func isDPO() {
    let policy = [Tensor([-0.5, -1.5], shape: [2, 1]), Tensor([-1.0, -0.25], shape: [2, 1])]
    let reference = [Tensor([-0.75, -1.0], shape: [2, 1]), Tensor([-0.5, -0.5], shape: [2, 1])]
    var pairs = pairs(policy, preferences: [1, 1])
    pairs.firstReference = reference[0]
    pairs.secondReference = reference[1]
    let dpo = DPO(beta: 0.3).losses(
      PairInputs(
        policy: PairLogProbs(chosen: policy[0].squeezed(1), rejected: policy[1].squeezed(1)),
        reference: PairLogProbs(
          chosen: reference[0].squeezed(1), rejected: reference[1].squeezed(1))))
    expectClose(CPL(temperature: 0.3, conservativeBias: 1).losses(pairs), dpo, atol: 1e-12)
  }

  @Test("with λ = 1 a constant on both sides changes nothing, with λ < 1 likelihood pays")
  func invariance() {
    let moved = segments.map { $0 + 0.4 }
    let plain = CPL(temperature: 1, conservativeBias: 1)
    expectClose(plain(pairs(moved)).loss, plain(pairs(segments)).loss, atol: 1e-12)
    let biased = CPL(temperature: 1, conservativeBias: 0.5)
    #expect(biased(pairs(moved)).loss.item < biased(pairs(segments)).loss.item - 0.1)
  }

  @Test("a tie of equal segments costs log 2, and swapping sides and label changes nothing")
  func symmetry() {
    let plain = CPL(temperature: 0.5, conservativeBias: 1)
    let tie = pairs([segments[0], segments[0]], preferences: [0.5])
    expectClose(plain(tie).loss, Foundation.log(2), atol: 1e-12)
    let loss = CPL(temperature: 0.5, conservativeBias: 0.6)
    let turned = pairs([segments[1], segments[0]], preferences: [0])
    expectClose(loss(turned).loss, loss(pairs(segments)).loss, atol: 1e-12)
  }

  @Test("masked steps carry no gradient, whatever they hold")
  func mask() {
    let first = Tensor([-0.4, -0.9, -Double.infinity], shape: [1, 3])
    let found = gradients(
      of: { input in
        var pairs = pairs(input)
        pairs.firstMask = Tensor([1.0, 1, 0], shape: [1, 3])
        return CPL()(pairs).loss
      }, at: [first, segments[1]])
    #expect(found[0][2] == 0 && found[0][0] < 0)
  }

  @Test("accuracy counts labelled pairs only")
  func metrics() {
    let pairs = SegmentPairs(
      first: Tensor([-1.0, -3, -1, -2], shape: [4, 1]),
      second: Tensor([-2.0, -1, -2, -2], shape: [4, 1]), preferences: Tensor([1.0, 1, 0.5, 0]))
    let metrics = CPL(temperature: 1)(pairs).metrics
    expectClose(metrics["accuracy"]?.value ?? Tensor([0.0]), 1.0 / 3, atol: 1e-12)
    #expect(metrics["accuracy"]?.weight == 3)
    expectClose(metrics["margins"]?.value ?? Tensor([0.0]), 1, atol: 1e-12)
  }

  @Test("settings outside of their range stop with a sentence")
  func ranges() {
    for make in [
      { CPL(temperature: 0) }, { CPL(conservativeBias: 1.5) }, { CPL(discount: 0) },
      { CPL(imitationCoefficient: -1) },
    ] {
      #expect(throws: TensorError.self) { try withTensorErrors { _ = make() } }
    }
  }
}
