// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@Suite("Tensor reductions")
struct ReductionTests {
  let x = Tensor([3.0, -1, 2, 0, 5, 4], shape: [2, 3])

  @Test("over all elements")
  func total() {
    #expect(x.sum().item == 13 && x.sum().shape == [])
    expectClose(x.mean(), 13.0 / 6, atol: 1e-15)
    #expect(x.max().item == 5 && x.min().item == -1)
    #expect((x .> 4).any().item == 1 && (x .> 4).all().item == 0)
    #expect(Tensor([Double]()).sum().item == 0)
    #expect(Tensor([Double]()).mean().item.isNaN)
    // squares 55, mean 13/6: (55 − 6 · 4.69444) / 6 and / 5
    expectClose(x.variance(correction: 0), 26.833333333333332 / 6, atol: 1e-12)
    expectClose(x.variance(correction: 1), 26.833333333333332 / 5, atol: 1e-12)
  }

  @Test("over one axis, counted from either end, kept on demand")
  func axes() {
    expectClose(x.sum(0), [3, 4, 6])
    expectClose(x.sum(-1), [4, 9])
    #expect(x.sum(1, keep: true).shape == [2, 1])
    expectClose(x.mean(1), [4.0 / 3, 3], atol: 1e-15)
    expectClose(x.max(1), [3, 5])
    expectClose(x.min(0), [0, -1, 2])
    #expect(x.argmax(1).ints == [0, 1] && x.argmax(0, keep: true).shape == [1, 3])
    expectClose(x.variance(1, correction: 1), [13.0 / 3, 7], atol: 1e-12)
    expectClose(x.variance(-1, keep: true, correction: 0), [26.0 / 9, 14.0 / 3], atol: 1e-12)
  }

  @Test("softmax and log-sum-exp agree with their definitions and do not overflow")
  func softmax() {
    let sum = exp(3.0) + exp(-1.0) + exp(2.0)
    expectClose(x.logSumExp(1).picked(0, 0), log(sum), atol: 1e-14)
    expectClose(
      x.softmax(1).picked(0, 0), [exp(3.0) / sum, exp(-1.0) / sum, exp(2.0) / sum], atol: 1e-15)
    expectClose(exp(x.logSoftmax(0)), x.softmax(0), atol: 1e-15)
    expectClose(Tensor([1e4, 0.0]).logSoftmax(0), [0, -1e4])
  }

  @Test("running sums, reversal, sorting and the largest few")
  func orders() {
    expectClose(x.cumulativeSum(1), [3, 2, 4, 0, 5, 9])
    expectClose(x.flipped(1), [2, -1, 3, 4, 5, 0])
    let (values, indices) = x.sorted(1)
    expectClose(values, [-1, 2, 3, 0, 4, 5])
    #expect(indices.ints == [1, 2, 0, 0, 2, 1])
    #expect(Tensor([1.0, 1, 0, 1]).sorted(0, descending: true).indices.ints == [0, 1, 3, 2])
    let top = x.top(2)
    expectClose(top.values, [3, 2, 5, 4])
    #expect(top.indices.ints == [0, 2, 1, 2])
  }
}
