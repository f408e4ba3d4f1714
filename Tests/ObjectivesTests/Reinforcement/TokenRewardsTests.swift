// SPDX-License-Identifier: Apache-2.0
import Objectives
import TestSupport
import Testing
import Torch

@Suite("Token rewards and advantages")
struct TokenRewardsTests {
  let tokenLogProbs = Tensor([-1, -0.5, -2, -0.3, -0.7, -1.2, -0.1, -0.4], shape: [2, 4])
  let reference = Tensor([-1.1, -0.7, -1.5, -0.3, -0.9, -1, -0.4, -0.6], shape: [2, 4])

  @Test("rewards, advantages, returns and whitening match numbers made with PyTorch")
  func golden() throws {
    let fixture = try Fixture("rollouts.json")
    let inputs = fixture["inputs"]
    #expect(fixture["cases"].list.count == 4)
    for expected in fixture["cases"].list {
      let isAfter = expected["score_position"].text == "afterLast"
      let rule = TokenRewards(scorePosition: isAfter ? .afterLast : .lastToken)
      let mask = expected["policy_mask"].tensor
      let rewards = rule(
        scores: inputs["scores"].tensor, tokenLogProbs: inputs["log_probs"].tensor,
        referenceLogProbs: inputs["reference"].tensor, mask: mask,
        klCoefficient: inputs["beta"].number)
      expectClose(rewards, expected["rewards"].tensor, atol: 1e-12)
      let valueMask = rule.valueMask(mask)
      expectClose(valueMask.to(.float64), expected["value_mask"].tensor)

      let estimator = GeneralizedAdvantage(
        gamma: expected["gamma"].number, gaeLambda: expected["gae_lambda"].number)
      let (advantages, returns) = estimator(
        rewards: rewards, values: inputs["values"].tensor, mask: valueMask)
      expectClose(advantages, expected["advantages"].tensor, atol: 1e-12)
      expectClose(returns, expected["returns"].tensor, atol: 1e-12)
      expectClose(
        Whitening()(advantages, mask: mask), expected["whitened"].tensor, atol: 1e-10)
    }
  }

  @Test("the score stands at the last real token however the row is padded")
  func lastToken() {
    // right padding, left padding, a hole, a single token, nothing
    let mask = Tensor(rows: [
      [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0],
    ])
    let scores = Tensor([1.0, 2, 3, 4, 5])
    let zeros = Tensor.zeros([5, 4], elementType: .float64)
    func rewards(_ position: TokenRewards.ScorePosition) -> Tensor {
      TokenRewards(scorePosition: position)(
        scores: scores, tokenLogProbs: zeros, referenceLogProbs: zeros, mask: mask,
        klCoefficient: 0.1)
    }
    expectClose(
      rewards(.lastToken),
      Tensor(rows: [
        [0, 1.0, 0, 0], [0, 0, 0, 2], [0, 0, 3, 0], [4, 0, 0, 0], [0, 0, 0, 0],
      ]))
    expectClose(
      rewards(.afterLast),
      Tensor(rows: [
        [0, 0, 1.0, 0], [0, 0, 0, 2], [0, 0, 0, 3], [0, 4, 0, 0], [5, 0, 0, 0],
      ]))
  }

  @Test("every estimator taxes by its own estimate, padding never")
  func estimators() {
    let mask = Tensor([1, 1, 1, 0, 1, 1, 1, 1], shape: [2, 4])
    let garbage = tokenLogProbs.scattering(
      1, Tensor([3, 3], shape: [2, 1]), Tensor([Double.nan, -0.4], shape: [2, 1]))
    for estimator in KLEstimator.allCases {
      let rule = TokenRewards(estimator: estimator)
      let rewards = rule(
        scores: Tensor([0.0, 0]), tokenLogProbs: garbage, referenceLogProbs: reference,
        mask: mask, klCoefficient: 2)
      let expected = estimator(tokenLogProbs - reference) * mask.to(.float64) * -2
      expectClose(rewards, expected, atol: 1e-12)
      expectClose(
        rule.kl(tokenLogProbs: garbage, referenceLogProbs: reference, mask: mask),
        expected / -2, atol: 1e-12)
    }
  }

  @Test("rewards of a row sum to its score minus beta times its KL, detached")
  func sums() {
    let mask = Tensor([1, 1, 1, 0, 1, 1, 1, 1], shape: [2, 4])
    let rewards = TokenRewards()(
      scores: Tensor([1.5, -0.5]), tokenLogProbs: tokenLogProbs.asParameter(),
      referenceLogProbs: reference, mask: mask, klCoefficient: 0.1)
    #expect(!rewards.requiresGrad)
    // row KL: 0.1 + 0.2 − 0.5; 0.2 − 0.2 + 0.3 + 0.2
    expectClose(rewards.sum(1), [1.5 + 0.02, -0.5 - 0.05], atol: 1e-12)
  }

  @Test("scores of another count are refused in words")
  func shapes() {
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors {
        TokenRewards()(
          scores: Tensor([1.0]), tokenLogProbs: tokenLogProbs, referenceLogProbs: reference,
          mask: reference.zerosLike() + 1, klCoefficient: 0)
      }
    }
    #expect(
      error?.description == "token rewards: scores must be [2], one a completion; got [1]")
  }

  @Test("completions without an end are fined or get a fixed score")
  func missingEOS() {
    let scores = Tensor([1.5, -0.5, 2])
    let ends = Tensor([true, false, false])
    expectClose(missingEOSPenalty(scores, endsWithEOS: ends, penalty: 1), [1.5, -1.5, 1])
    expectClose(missingEOSScore(scores, endsWithEOS: ends, score: -1), [1.5, -1, -1])
    #expect(throws: TensorError.self) {
      try withTensorErrors {
        missingEOSScore(scores, endsWithEOS: Tensor([true]), score: -1)
      }
    }
  }
}
