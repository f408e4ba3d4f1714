// SPDX-License-Identifier: Apache-2.0
import Objectives
import TestSupport
import Testing
import Torch

@Suite("Next-token loss")
struct NextTokenTests {
  let logProbs = Tensor([-1.0, -0.25, -6, -2])

  @Test("is the mean over tokens where no weights are given")
  func plain() {
    let terms = NextToken()(tokenLogProbs: logProbs)
    expectClose(terms.loss, 9.25 / 4, atol: 1e-12)
    #expect(terms.weight == 4)
    #expect(terms.metrics.isEmpty)
  }

  @Test("divides by the sum of weights, not by the number of tokens")
  func weighted() {
    let terms = NextToken()(tokenLogProbs: logProbs, weights: Tensor([1.0, 0, 0.5, 2]))
    expectClose(terms.loss, (1 + 3 + 4) / 3.5, atol: 1e-12)
    #expect(terms.weight == 3.5)
  }

  @Test("weights of one change nothing")
  func onesAreNeutral() {
    let weights = Tensor([1, 1, 1, 1])  // integers are as good
    expectClose(
      NextToken()(tokenLogProbs: logProbs, weights: weights).loss,
      NextToken()(tokenLogProbs: logProbs).loss)
  }

  @Test("the gradient is minus the share of each token, zero for what does not count")
  func gradient() {
    let weights = Tensor([1.0, 0, 0.5, 2])
    let found = gradients(
      of: { NextToken()(tokenLogProbs: $0[0], weights: weights).loss }, at: [logProbs])
    expectClose(found[0], [-1 / 3.5, 0, -0.5 / 3.5, -2 / 3.5], atol: 1e-12)
  }

  @Test("an impossible token with weight zero harms neither value nor gradient")
  func infinityUnderZeroWeight() {
    let inputs = Tensor([-1.0, -Double.infinity])
    let weights = Tensor([1.0, 0])
    let leaf = inputs.asParameter()
    let terms = NextToken()(tokenLogProbs: leaf, weights: weights)
    terms.loss.backward()
    expectClose(terms.loss, 1)
    expectClose(leaf.grad?.doubles ?? [], [-1, 0])
  }

  @Test("a batch in which nothing counts has loss zero, weight zero and a zero gradient")
  func nothingCounts() {
    let leaf = logProbs.asParameter()
    let terms = NextToken()(tokenLogProbs: leaf, weights: logProbs.zerosLike())
    terms.loss.backward()
    #expect(terms.loss.item == 0)
    #expect(terms.weight == 0)
    expectClose(leaf.grad?.doubles ?? [], [0, 0, 0, 0])
  }

  @Test("splitting a batch and weighting the parts gives the whole")
  func splits() {
    let weights = Tensor([1.0, 0.25, 0.5, 2])
    let whole = NextToken()(tokenLogProbs: logProbs, weights: weights)
    let parts = [0..<1, 1..<4].map {
      NextToken()(tokenLogProbs: logProbs.narrowed(0, $0), weights: weights.narrowed(0, $0))
    }
    let total = parts.reduce(0) { $0 + $1.weight * $1.loss.item } / whole.weight
    expectClose([total], [whole.loss.item], atol: 1e-12)
  }

  @Test("bfloat16 log-probabilities are summed in float32")
  func narrowTypes() {
    // 1000 times 1.0078125 is exact in float32 and far from it in bfloat16.
    let logProbs = Tensor.full(-1.0078125, shape: [1000], elementType: .bfloat16)
    let loss = NextToken()(tokenLogProbs: logProbs).loss
    #expect(loss.elementType == .float32)
    expectClose(loss, 1.0078125, atol: 1e-6)
  }

  @Test("weights of another shape are refused in words")
  func shapes() {
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors {
        NextToken()(tokenLogProbs: Tensor([-1.0, -2]), weights: Tensor([1.0]))
      }
    }
    #expect(
      error
        == .failed(
          operation: "next-token loss", message: "shapes differ: values [2], weights [1]"))
  }
}
