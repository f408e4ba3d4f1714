// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@testable import Objectives

/// What every loss on pairs must hold; a new one joins by its row in the table.
@Suite("Every pair objective")
struct PairObjectiveTests {
  /// Names and not losses: those are made anew in each test.
  static let names = ObjectiveTable.entries.filter(\.isPairLoss).map(\.name)
  /// Losses of a pair that do not depend on its neighbours.
  static let separable = names.filter { name in
    (try? ObjectiveTable.pairLoss([name]).objective.acceptsWeights) ?? false
  }

  private func loss(_ name: String) throws -> any PairObjective {
    try ObjectiveTable.pairLoss([name]).objective
  }

  private func evaluate(_ name: String, _ inputs: PairInputs) throws -> Terms {
    let objective = try loss(name)
    return objective(inputs)
  }

  /// The four pairs of the fixture with everything any loss reads, as constants.
  private func pairs() -> PairInputs {
    let inputs = ObjectiveTable.entries.filter(\.isPairLoss).flatMap(\.inputs)
    let values = inputs.compactMap { input in
      CatalogueTests.inputs[input.name].map { (input, $0) }
    }
    var pairs = EvaluationInputs(values).pairs
    pairs.policy = PairLogProbs(
      chosen: pairs.policy.chosen.detached(), rejected: pairs.policy.rejected.detached())
    return pairs
  }

  private func rows(_ pairs: PairInputs, _ indices: [Int]) -> PairInputs {
    let places = Tensor(indices)
    func both(_ sides: PairLogProbs) -> PairLogProbs {
      PairLogProbs(chosen: sides.chosen.rows(places), rejected: sides.rejected.rows(places))
    }
    func both(_ sides: PairTokens) -> PairTokens {
      PairTokens(chosen: sides.chosen.rows(places), rejected: sides.rejected.rows(places))
    }
    var part = PairInputs(
      policy: both(pairs.policy), reference: both(pairs.reference),
      weights: pairs.weights?.rows(places))
    part.tokenCounts = pairs.tokenCounts.map(both)
    part.chosenTokensPerPair = pairs.chosenTokensPerPair
    part.margins = pairs.margins?.rows(places)
    part.otherMargins = pairs.otherMargins?.rows(places)
    part.policyTokens = pairs.policyTokens.map(both)
    part.referenceTokens = pairs.referenceTokens.map(both)
    part.logSumSquares = pairs.logSumSquares.map(both)
    part.divergences = pairs.divergences.map(both)
    part.third = pairs.third.map {
      ThirdCompletion(
        policy: $0.policy.rows(places), reference: $0.reference.rows(places),
        tokenCounts: $0.tokenCounts.rows(places))
    }
    return part
  }

  @Test("weighs the number of pairs and reports the common metrics, detached", arguments: names)
  func metrics(name: String) throws {
    let terms = try evaluate(name, pairs())
    #expect(terms.weight == 4)
    #expect(terms.loss.shape == [])
    let expected: Set = [
      "rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins",
      "logps/chosen", "logps/rejected", "beta",
    ]
    #expect(Set(terms.metrics.keys) == expected)
    for (metric, mean) in terms.metrics {
      #expect(mean.value.shape == [] && !mean.value.requiresGrad, "\(metric)")
      #expect(mean.weight == 4, "\(metric)")
    }
  }

  @Test("does not depend on the order of pairs", arguments: names)
  func permutation(name: String) throws {
    let found = try evaluate(name, rows(pairs(), [3, 0, 2, 1]))
    expectClose(found.loss, try evaluate(name, pairs()).loss, atol: 1e-12)
  }

  @Test(
    "the weighted mean over microbatches is the batch, and a weight of 2 is the pair twice",
    arguments: separable)
  func splits(name: String) throws {
    // Terms of a third completion have a denominator of their own, which microbatches do not know.
    guard name != "tpo", name != "tpo_l" else { return }
    var whole = pairs()
    let weights = [1.0, 0.5, 2, 0]
    let lengths = [3.0, 2, 4, 3]
    whole.weights = Tensor(weights)
    let total = weights.reduce(0, +)
    let terms = try evaluate(name, whole)
    #expect(terms.weight == total)
    whole.chosenTokensPerPair = zip(weights, lengths).map(*).reduce(0, +) / total
    let parts = try [[0], [1, 2], [3]].map { try evaluate(name, rows(whole, $0)) }
    let sum = parts.reduce(0) { $0 + $1.weight * $1.loss.item }
    expectClose([sum / total], [terms.loss.item], atol: 1e-12)
    var repeated = rows(pairs(), [0, 0, 1, 2, 2, 2, 2])
    repeated.weights = nil
    expectClose(try evaluate(name, repeated).loss, terms.loss.item, atol: 1e-12)
  }

  @Test("no gradient reaches the reference", arguments: names)
  func referenceIsDetached(name: String) throws {
    var inputs = pairs()
    let leaf = inputs.reference.chosen.asParameter()
    let chosen = inputs.policy.chosen.asParameter()
    inputs.reference.chosen = leaf
    inputs.policy.chosen = chosen
    if let tokens = inputs.policyTokens {
      inputs.policyTokens?.chosen = tokens.chosen.detached() + chosen.unsqueezed(1)
    }
    try evaluate(name, inputs).loss.backward()
    #expect(leaf.grad == nil)
    #expect(chosen.grad != nil)
  }

  @Test("one pair is a batch", arguments: names)
  func onePair(name: String) throws {
    let terms = try evaluate(name, rows(pairs(), [0]))
    #expect(terms.weight == 1)
    #expect(terms.loss.item.isFinite)
  }

  @Test("stays finite where models are hundreds of nats apart", arguments: names)
  func farApart(name: String) throws {
    for far in [-800.0, 800] {
      var inputs = pairs()
      let chosen = (inputs.policy.chosen + Swift.min(far, 0)).asParameter()
      inputs.policy.chosen = chosen
      inputs.policy.rejected = inputs.policy.rejected - Swift.max(far, 0)
      let terms = try evaluate(name, inputs)
      #expect(terms.loss.item.isFinite, "\(far)")
      if terms.loss.requiresGrad {
        terms.loss.backward()
        let gradient = chosen.grad?.doubles ?? [0]
        #expect(gradient.filter { !$0.isFinite } == [], "\(far)")
      }
    }
  }

  @Test("an empty batch and halves of unequal length are refused in words", arguments: names)
  func shapes(name: String) throws {
    let objective = try loss(name)
    let empty = rows(pairs(), [])
    #expect(throws: TensorError.self) { try withTensorErrors { objective(empty) } }
    var uneven = pairs()
    uneven.policy.rejected = Tensor([-1.0])
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors { objective(uneven) }
    }
    #expect(
      error?.description.contains("policy chosen [4], policy rejected [1]") == true,
      "\(error as Any)")
  }

  @Test("losses that sort the batch refuse weights in words", arguments: ["aot", "aot_unpaired"])
  func weights(name: String) throws {
    let objective = try loss(name)
    var inputs = pairs()
    inputs.weights = Tensor([1.0, 1, 2, 1])
    let error = #expect(throws: TensorError.self) { try withTensorErrors { objective(inputs) } }
    #expect(error?.description.contains("leave the weights out") == true)
  }

  @Test("a loss on lengths or tokens says what is missing", arguments: ["ipo", "simpo", "ld_dpo"])
  func missing(name: String) throws {
    let objective = try loss(name)
    let inputs = PairInputs(policy: pairs().policy, reference: pairs().reference)
    let error = #expect(throws: TensorError.self) { try withTensorErrors { objective(inputs) } }
    #expect(error?.description.contains("are missing") == true)
  }
}
