// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@testable import Objectives

@Suite("AlignDistil")
struct AlignDistilTests {
  private let plus = Tensor(rows: [[1, 0.5, -0.5]])
  private let minus = Tensor(rows: [[0.2, 0.6, -0.1]])
  private let policy = Tensor(rows: [[0.4, 0.1, 0.0]])

  private func loss(_ objective: AlignDistil, _ policy: Tensor) -> Terms {
    objective(
      policy: policy, aligned: plus, contrast: minus,
      rows: Tensor([Int](repeating: 0, count: policy.size(0))), rowCount: 1)
  }

  @Test("theorem 1 with β′ = β/2 has the published teacher, and the identity holds")
  func theorem() {
    let objective = AlignDistil(beta: 0.1, origin: .contrast, strength: .constant(2))
    let teacher = objective.teacher(aligned: plus, contrast: minus)
    expectClose(exp(teacher.logProbs), [0.761149, 0.187697, 0.051153], atol: 1e-6)
    let found: Double = loss(objective, policy).loss.item
    expectClose([found], [0.018511], atol: 1e-6)
    // E_π[r − β′ log π/π_ref] + β′ KL(π‖π*) = β′ log Z
    let logProbs = policy.logSoftmax(1)
    let below = minus.logSoftmax(1)
    let reward = teacher.rewards - 0.05 * (logProbs - below)
    let expected: Double = (exp(logProbs) * reward).sum().item
    expectClose([expected], [-0.006613], atol: 1e-6)
    let logNormalizer = (below + 2 * (plus.logSoftmax(1) - below)).logSumExp(1)
    expectClose(0.05 * logNormalizer, [expected + found], atol: 1e-12)
  }

  @Test("the adaptive teacher, its strength and its loss are the published ones")
  func adaptive() {
    let objective = AlignDistil(strength: .adaptive(scale: 10))
    let teacher = objective.teacher(aligned: plus, contrast: minus)
    expectClose(teacher.strengths, [4.745100], atol: 1e-6)
    expectClose(exp(teacher.logProbs), [0.990858, 0.008398, 0.000744], atol: 1e-6)
    let terms = loss(objective, policy)
    expectClose(terms.loss, 0.050399, atol: 1e-6)
    expectClose([terms.metrics["distillation/kl"]?.value.item ?? .nan], [2.391498], atol: 1e-6)
    let half = AlignDistil(strength: .adaptive(scale: 10, distance: .totalVariation))
      .teacher(aligned: plus, contrast: minus)
    expectClose(half.strengths, [2.373050], atol: 1e-6)
    expectClose(exp(half.logProbs), [0.921997, 0.066075, 0.011928], atol: 1e-6)
  }

  @Test("every mode has the loss, the gradient and the reward of PyTorch")
  func golden() throws {
    let fixture = try Fixture("systems.json")["distillation"]
    let cases = fixture["cases"].list
    #expect(cases.count == 12)
    for row in cases {
      let strength: AlignDistil.Strength =
        row["scale"].optionalNumber.map { .adaptive(scale: $0) }
        ?? .constant(fixture["constant"].number)
      let objective = AlignDistil(
        beta: fixture["beta"].number,
        origin: row["origin"].text == "aligned" ? .aligned : .contrast, strength: strength,
        temperature: row["temperature"].number, normalizesLength: row["normalizes"].isTrue)
      func terms(_ policy: Tensor) -> Terms {
        objective(
          policy: policy, aligned: fixture["aligned"].tensor,
          contrast: fixture["contrast"].tensor,
          rows: Tensor(fixture["rows"].numbers.map { Int($0) }), rowCount: 2)
      }
      let policy = fixture["policy"].tensor
      expectClose(terms(policy).loss, row["loss"].number, atol: 1e-12)
      expectClose(
        [terms(policy).metrics["distillation/reward"]?.value.item ?? .nan],
        [row["reward"].number], atol: 1e-12)
      expectClose(
        gradients(of: { terms($0[0]).loss }, at: [policy])[0], row["gradients"].numbers,
        atol: 1e-12)
    }
  }

  @Test("equal models, and theorem 1 with β′ = β, make the aligned model the teacher")
  func plainTeacher() {
    let expected = plus.logSoftmax(1).doubles
    let same = AlignDistil().teacher(aligned: plus, contrast: plus)
    expectClose(same.logProbs, expected, atol: 1e-12)
    expectClose(same.strengths, [1e-3], atol: 1e-15)
    let theorem = AlignDistil(origin: .contrast, strength: .constant(1))
    expectClose(theorem.teacher(aligned: plus, contrast: minus).logProbs, expected, atol: 1e-12)
  }

  @Test("contrast with the reference at weight w is theorem 1 at 1 + w, up to the coefficient")
  func contrastIsTheorem() {
    let contrast = AlignDistil(origin: .aligned, strength: .constant(1.5))
    let theorem = AlignDistil(origin: .contrast, strength: .constant(2.5))
    expectClose(
      contrast.teacher(aligned: plus, contrast: minus).logProbs,
      theorem.teacher(aligned: plus, contrast: minus).logProbs.doubles, atol: 1e-12)
    let scaled = loss(theorem, policy).loss * (2.5 / 1.5)
    expectClose(loss(contrast, policy).loss, scaled, atol: 1e-12)
  }

  @Test("a policy at the teacher has no loss and no gradient")
  func fixedPoint() {
    let objective = AlignDistil()
    let teacher = objective.teacher(aligned: plus, contrast: minus).logProbs
    expectClose(loss(objective, teacher + 3).loss, 0, atol: 1e-12)
    let slopes = gradients(of: { loss(objective, $0[0]).loss }, at: [teacher])
    expectClose(slopes[0], [0, 0, 0], atol: 1e-12)
  }

  @Test("adding a constant to any model's logits changes nothing")
  func shifts() {
    let objective = AlignDistil()
    let moved = objective(
      policy: policy - 7, aligned: plus + 2, contrast: minus + 5, rows: Tensor([0]), rowCount: 1)
    expectClose(moved.loss, loss(objective, policy).loss, atol: 1e-12)
  }

  @Test("gradients agree with central differences and do not reach the teachers")
  func gradient() {
    let objective = AlignDistil(strength: .adaptive(scale: 3))
    expectGradients(of: { loss(objective, $0[0]).loss }, at: [policy])
    let found = gradients(
      of: { inputs in
        objective(
          policy: policy.asParameter(), aligned: inputs[0], contrast: inputs[1],
          rows: Tensor([0]), rowCount: 1
        ).loss
      }, at: [plus, minus])
    #expect(found == [[0, 0, 0], [0, 0, 0]])
  }

  @Test("a token that one model forbids is left out, without NaN in loss or gradient")
  func forbidden() {
    let objective = AlignDistil(strength: .adaptive(scale: 10))
    let wide = Tensor(rows: [[0.2, 0.6, -0.1, -.infinity]])
    let more = Tensor(rows: [[1, 0.5, -0.5, 9.0]])
    let student = Tensor(rows: [[0.4, 0.1, 0.0, 2.0]])
    func terms(_ policy: Tensor) -> Terms {
      objective(policy: policy, aligned: more, contrast: wide, rows: Tensor([0]), rowCount: 1)
    }
    expectClose(terms(student).loss, loss(objective, policy).loss, atol: 1e-12)
    let slopes = gradients(of: { terms($0[0]).loss }, at: [student])[0]
    let expected = gradients(of: { loss(objective, $0[0]).loss }, at: [policy])[0]
    expectClose(slopes, expected + [0], atol: 1e-12)
    // A longer head of one model alone is cut off in the same way.
    let cut = objective(
      policy: student, aligned: more, contrast: minus, rows: Tensor([0]), rowCount: 1)
    expectClose(cut.loss, terms(student).loss, atol: 1e-12)
  }

  @Test("following the teacher earns contrastive reward, step by step; away from it none is earned")
  func learning() {
    let objective = AlignDistil()
    func course(_ sign: Double) -> [Double] {
      var logits = minus
      return (0..<20).map { _ in
        let leaf = logits.asParameter()
        let terms = loss(objective, leaf)
        terms.loss.backward()
        logits = (logits - sign * 5 * (leaf.grad ?? leaf.zerosLike())).detached()
        return terms.metrics["distillation/reward"]?.value.item ?? .nan
      }
    }
    let toward = course(1)
    #expect(zip(toward, toward.dropFirst()).allSatisfy { $0.1 > $0.0 })
    #expect((course(-1).last ?? .nan) < toward[0])
  }

  @Test("shapes that do not fit stop with a sentence")
  func shapes() {
    #expect(throws: TensorError.self) {
      try withTensorErrors {
        _ = AlignDistil().teacher(aligned: plus, contrast: Tensor([0.1, 0.2, 0.3]))
      }
    }
    #expect(throws: TensorError.self) {
      try withTensorErrors { _ = loss(AlignDistil(), Tensor(rows: [[0.1, 0.2]])) }
    }
  }
}
