// SPDX-License-Identifier: Apache-2.0
import Objectives
import TestSupport
import Testing
import Torch

@Suite("Generalized advantage estimation")
struct GeneralizedAdvantageTests {
  let rewards = Tensor([0.1, -0.2, 0, 1], shape: [1, 4])
  let values = Tensor([0.5, 0.4, 0.3, 0.2], shape: [1, 4])

  private func ones(_ tensor: Tensor) -> Tensor { tensor.zerosLike() + 1 }

  @Test("matches numbers made with PyTorch for several gammas and lambdas")
  func golden() throws {
    let fixture = try Fixture("rollouts.json")["gae"]
    #expect(fixture["cases"].list.count == 5)
    for expected in fixture["cases"].list {
      let found = GeneralizedAdvantage(
        gamma: expected["gamma"].number, gaeLambda: expected["gae_lambda"].number)(
          rewards: rewards, values: values, mask: ones(rewards))
      expectClose(found.advantages, expected["advantages"].numbers, atol: 1e-12)
      expectClose(found.returns, expected["returns"].numbers, atol: 1e-12)
    }
  }

  @Test("lambda 1 without values is the reward to go")
  func rewardToGo() {
    let found = GeneralizedAdvantage(gamma: 1, gaeLambda: 1)(
      rewards: rewards, values: values.zerosLike(), mask: ones(rewards))
    expectClose(found.advantages, [0.9, 0.8, 1, 1], atol: 1e-12)
    expectClose(found.returns, found.advantages)
  }

  @Test("an exact critic has no advantages")
  func exactCritic() {
    let toGo = Tensor([0.9, 0.8, 1, 1], shape: [1, 4])
    let found = GeneralizedAdvantage()(rewards: rewards, values: toGo, mask: ones(rewards))
    expectClose(found.advantages, [0, 0, 0, 0], atol: 1e-12)
  }

  @Test("more padding changes nothing, on either side, whatever it holds")
  func padding() {
    let plain = GeneralizedAdvantage()(rewards: rewards, values: values, mask: ones(rewards))
    let garbage = Tensor([Double.nan, 7], shape: [1, 2])
    for left in [true, false] {
      func pad(_ tensor: Tensor, _ filler: Tensor) -> Tensor {
        concatenated(left ? [filler, tensor] : [tensor, filler], axis: 1)
      }
      let found = GeneralizedAdvantage()(
        rewards: pad(rewards, garbage), values: pad(values, garbage),
        mask: pad(ones(rewards), Tensor([0.0, 0], shape: [1, 2])))
      let kept = left ? 2..<6 : 0..<4
      expectClose(found.advantages.narrowed(1, kept), plain.advantages, atol: 1e-12)
      expectClose(found.returns.narrowed(1, kept), plain.returns, atol: 1e-12)
      #expect(found.advantages.doubles.filter { $0 == 0 }.count == 2)
      #expect(found.returns.doubles.filter { $0 == 0 }.count == 2)
    }
  }

  @Test("rows do not touch each other; one token and no token are fine")
  func rows() {
    let mask = Tensor([1, 0, 0, 0], shape: [2, 2])
    let found = GeneralizedAdvantage()(
      rewards: Tensor([2.0, 9, 9, 9], shape: [2, 2]),
      values: Tensor([0.5, 9, 9, 9], shape: [2, 2]), mask: mask)
    expectClose(found.advantages, Tensor([1.5, 0, 0, 0], shape: [2, 2]))
    expectClose(found.returns, Tensor([2.0, 0, 0, 0], shape: [2, 2]))
    let single = GeneralizedAdvantage()(
      rewards: Tensor([2.0], shape: [1, 1]), values: Tensor([0.5], shape: [1, 1]),
      mask: Tensor([1], shape: [1, 1]))
    expectClose(single.advantages, [1.5])
  }

  @Test("results are detached, in the type of the rewards or float32")
  func types() {
    let found = GeneralizedAdvantage()(
      rewards: rewards.to(.bfloat16), values: values.to(.float32).asParameter(),
      mask: ones(rewards))
    #expect(found.advantages.elementType == .float32)
    #expect(!found.advantages.requiresGrad && !found.returns.requiresGrad)
  }

  @Test("settings and shapes that cannot be are refused in words")
  func errors() {
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors { GeneralizedAdvantage(gamma: 1.1) }
    }
    #expect(
      error?.description == "GAE: gamma and lambda must be within 0 and 1; got 1.1 and 0.95")
    let uneven = #expect(throws: TensorError.self) {
      try withTensorErrors {
        GeneralizedAdvantage()(rewards: rewards, values: values.transposed(0, 1), mask: rewards)
      }
    }
    #expect(
      uneven?.description == "GAE: shapes differ: rewards [1, 4], values [4, 1], mask [1, 4]")
  }
}
