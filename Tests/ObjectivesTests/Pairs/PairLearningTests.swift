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
  private func pairs(_ logits: Tensor, isFlipped: Bool, isGold: Bool) -> PairInputs {
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
    inputs.otherMargins = -0.1 * ones
    // What the formula reads beside the pair is the same for all pairs: the best arm as gold, arms of the reference,
    // one distribution a pull.
    let all = logits.logSoftmax(0)
    let squares = (2 * all).logSumExp(0) + 0 * ones
    inputs.logSumSquares = PairTokens(
      chosen: squares.unsqueezed(1), rejected: squares.unsqueezed(1))
    let drift = (prior * (log(prior) - all)).sum() + 0 * ones
    inputs.divergences = PairLogProbs(chosen: drift, rejected: drift)
    let third = Tensor(isGold ? [3, 3, 3, 3, 3, 3] : [0, 0, 0, 1, 1, 2])
    inputs.third = ThirdCompletion(
      policy: all.rows(third), reference: log(prior).rows(third), tokenCounts: ones)
    return inputs
  }

  /// What a pull is worth on average after some steps.
  private func worth(_ objective: any PairObjective, isFlipped: Bool = false) -> Double {
    let logits = log(prior).asParameter()
    let optimizer = AdamW([("logits", logits)], learningRate: 0.05)
    for _ in 0..<60 {
      optimizer.zeroGrad()
      let isGold = objective.thirdCompletion == .gold && !isFlipped
      objective(pairs(logits, isFlipped: isFlipped, isGold: isGold)).loss.backward()
      optimizer.step()
    }
    return (logits.softmax(0) * Tensor([0.0, 1, 2, 3])).sum().item
  }

  @Test(
    "60 steps beat the reference's 1.0 by half a point, and lose to it on reversed pairs",
    arguments: ObjectiveTable.entries.filter(\.isPairLoss).map(\.name))
  func bandit(name: String) throws {
    // With its default DiscoPOP leaves the reference the wrong way; see below.
    let settings = name == "discopop" ? ["discopop_tau": 0.5] : [:]
    let objective = try ObjectiveTable.pairLoss([name], settings: ObjectiveSettings(settings))
      .objective
    let learnt = worth(objective)
    let reversed = worth(objective, isFlipped: true)
    #expect(learnt > 1.5, "\(learnt)")
    #expect(reversed < 0.8, "\(reversed)")
  }

  @Test("DiscoPOP's slope at the reference has the sign its formula gives", arguments: [0.05, 0.5])
  func discoPOP(tau: Double) {
    let zero = PairLogProbs(chosen: Tensor([-1.0]), rejected: Tensor([-1.0]))
    let slope = gradients(
      of: {
        DiscoPOP(beta: 1, tau: tau)(
          policy: PairLogProbs(chosen: $0[0], rejected: zero.rejected), reference: zero
        ).loss
      }, at: [zero.chosen])
    // 0.25 (1 − ln 2) / τ − 0.75
    expectClose(slope[0], [tau == 0.05 ? 0.784264 : -0.596574], atol: 1e-6)
  }
}
