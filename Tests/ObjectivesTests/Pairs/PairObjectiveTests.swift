// SPDX-License-Identifier: Apache-2.0
import Objectives
import TestSupport
import Testing
import Torch

/// What every loss on pairs must hold; a new one joins the list.
@Suite("Every pair objective")
struct PairObjectiveTests {
  static let objectives: [any PairObjective & Sendable] = [
    DPO(), DPO(beta: 0.5, labelSmoothing: 0.2),
  ]

  let policy = PairLogProbs(
    chosen: Tensor([-12, -30.5, -7.25, -3, -41.125]),
    rejected: Tensor([-14, -29, -7.25, -2.5, -60]))
  let reference = PairLogProbs(
    chosen: Tensor([-13, -30.0, -7, -3, -40]), rejected: Tensor([-13.5, -30, -7.5, -2.5, -44]))

  private func rows(_ pairs: PairLogProbs, _ indices: [Int]) -> PairLogProbs {
    let places = Tensor(indices)
    return PairLogProbs(chosen: pairs.chosen.rows(places), rejected: pairs.rejected.rows(places))
  }

  @Test(
    "weighs the number of pairs and reports the common metrics, detached", arguments: objectives)
  func metrics(objective: any PairObjective & Sendable) {
    let leaf = PairLogProbs(
      chosen: policy.chosen.asParameter(), rejected: policy.rejected.asParameter())
    let terms = objective(policy: leaf, reference: reference)
    #expect(terms.weight == 5)
    #expect(terms.loss.shape == [])
    let expected: Set = [
      "rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins",
      "logps/chosen", "logps/rejected",
    ]
    #expect(expected.isSubset(of: terms.metrics.keys))
    for (name, mean) in terms.metrics {
      #expect(mean.value.shape == [] && !mean.value.requiresGrad, "\(name)")
      #expect(mean.weight == 5, "\(name)")
    }
  }

  @Test("does not depend on the order of pairs", arguments: objectives)
  func permutation(objective: any PairObjective & Sendable) {
    let order = [3, 0, 4, 2, 1]
    let found = objective(policy: rows(policy, order), reference: rows(reference, order))
    expectClose(found.loss, objective(policy: policy, reference: reference).loss, atol: 1e-12)
  }

  @Test("the weighted mean over microbatches is the batch", arguments: objectives)
  func splits(objective: any PairObjective & Sendable) {
    let whole = objective(policy: policy, reference: reference)
    let parts = [[0], [1, 2, 3], [4]].map {
      objective(policy: rows(policy, $0), reference: rows(reference, $0))
    }
    let loss = parts.reduce(0) { $0 + $1.weight * $1.loss.item } / whole.weight
    expectClose([loss], [whole.loss.item], atol: 1e-12)
    for (name, mean) in whole.metrics {
      let combined = parts.reduce(0) {
        $0 + ($1.metrics[name]?.weight ?? 0) * ($1.metrics[name]?.value.item ?? .nan)
      }
      expectClose([combined / mean.weight], [mean.value.item], atol: 1e-12)
    }
  }

  @Test("the gradient agrees with central differences", arguments: objectives)
  func gradient(objective: any PairObjective & Sendable) {
    expectGradients(
      of: {
        objective(
          policy: PairLogProbs(chosen: $0[0], rejected: $0[1]), reference: reference
        ).loss
      }, at: [policy.chosen, policy.rejected])
  }

  @Test("no gradient reaches the reference", arguments: objectives)
  func referenceIsDetached(objective: any PairObjective & Sendable) {
    let leaf = reference.chosen.asParameter()
    let chosen = policy.chosen.asParameter()
    objective(
      policy: PairLogProbs(chosen: chosen, rejected: policy.rejected),
      reference: PairLogProbs(chosen: leaf, rejected: reference.rejected)
    ).loss.backward()
    #expect(leaf.grad == nil)
    #expect(chosen.grad != nil)
  }

  @Test("one pair is a batch", arguments: objectives)
  func onePair(objective: any PairObjective & Sendable) {
    let terms = objective(policy: rows(policy, [0]), reference: rows(reference, [0]))
    #expect(terms.weight == 1)
    #expect(terms.loss.item.isFinite)
  }

  @Test("an empty batch and halves of unequal length are refused in words", arguments: objectives)
  func shapes(objective: any PairObjective & Sendable) {
    let empty = rows(policy, [])
    #expect(throws: TensorError.self) {
      try withTensorErrors { objective(policy: empty, reference: empty) }
    }
    let uneven = PairLogProbs(chosen: policy.chosen, rejected: Tensor([-1.0]))
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors { objective(policy: uneven, reference: reference) }
    }
    #expect(
      error?.description.contains("policy chosen [5], policy rejected [1]") == true,
      "\(error as Any)")
  }
}
