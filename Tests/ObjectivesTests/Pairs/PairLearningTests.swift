// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@testable import Objectives

/// A bandit with four arms of worth 0, 1, 2 and 3, and every pair of arms in the right order, or the wrong one.
@Suite("Pair objectives learn")
struct PairLearningTests {
  private let prior = Tensor([0.4, 0.3, 0.2, 0.1])
  private let better = [1, 2, 3, 2, 3, 3]
  private let worse = [0, 0, 0, 1, 1, 2]

  /// The six pairs under the policy's logits.
  private func pairs(_ logits: Tensor, isFlipped: Bool) -> PairInputs {
    let (chosen, rejected) = isFlipped ? (worse, better) : (better, worse)
    func sides(_ logits: Tensor) -> PairLogProbs {
      let all = logits.logSoftmax(0)
      return PairLogProbs(
        chosen: all.rows(Tensor(chosen)), rejected: all.rows(Tensor(rejected)))
    }
    func tokens(_ sides: PairLogProbs) -> PairTokens {
      PairTokens(chosen: sides.chosen.unsqueezed(1), rejected: sides.rejected.unsqueezed(1))
    }
    let ones = Tensor([Double](repeating: 1, count: 6))
    var inputs = PairInputs(policy: sides(logits), reference: sides(log(prior)))
    inputs.tokenCounts = PairLogProbs(chosen: ones, rejected: ones)
    inputs.policyTokens = tokens(inputs.policy)
    inputs.referenceTokens = tokens(inputs.reference)
    inputs.margins = 0.1 * ones
    return inputs
  }

  /// What a pull is worth on average after some steps.
  private func worth(_ objective: any PairObjective, isFlipped: Bool = false) -> Double {
    let logits = log(prior).asParameter()
    let optimizer = AdamW([("logits", logits)], learningRate: 0.05)
    for _ in 0..<60 {
      optimizer.zeroGrad()
      objective(pairs(logits, isFlipped: isFlipped)).loss.backward()
      optimizer.step()
    }
    return (logits.softmax(0) * Tensor([0.0, 1, 2, 3])).sum().item
  }

  @Test(
    "60 steps beat the reference's 1.0 by half a point, and lose to it on reversed pairs",
    arguments: ObjectiveTable.entries.filter(\.isTrainable).map(\.name))
  func bandit(name: String) throws {
    let objective = try ObjectiveTable.pairLoss([name]).objective
    let learnt = worth(objective)
    let reversed = worth(objective, isFlipped: true)
    #expect(learnt > 1.5, "\(learnt)")
    #expect(reversed < 0.8, "\(reversed)")
  }
}
