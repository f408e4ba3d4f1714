// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@Suite("Tensor arithmetic")
struct ArithmeticTests {
  let a = Tensor([1.0, -2, 3, 0.5])
  let b = Tensor([4.0, 0.5, -3, 0.5])

  @Test("the four operations between tensors and numbers, in both orders")
  func operators() {
    expectClose(a + b, [5, -1.5, 0, 1])
    expectClose(a - b, [-3, -2.5, 6, 0])
    expectClose(a * b, [4, -1, -9, 0.25])
    expectClose(a / b, [0.25, -4, -1, 1])
    expectClose(a + 1, [2, -1, 4, 1.5])
    expectClose(1 + a, [2, -1, 4, 1.5])
    expectClose(a - 1, [0, -3, 2, -0.5])
    expectClose(1 - a, [0, 3, -2, 0.5])
    expectClose(a * 2, [2, -4, 6, 1])
    expectClose(2 * a, [2, -4, 6, 1])
    expectClose(a / 2, [0.5, -1, 1.5, 0.25])
    expectClose(2 / a, [2, -1, 2.0 / 3, 4], atol: 1e-15)
    expectClose(-a, [-1, 2, -3, -0.5])
    #expect((a.to(.float32) * 0.1).elementType == .float32, "numbers do not widen")
  }

  @Test("shapes broadcast over axes of size one and missing axes")
  func broadcasting() {
    let column = Tensor([10.0, 20], shape: [2, 1])
    let row = Tensor([1.0, 2, 3])
    let sum = column + row
    #expect(sum.shape == [2, 3])
    expectClose(sum, [11, 12, 13, 21, 22, 23])
    expectClose(maximum(column, row * 10), [10, 20, 30, 20, 20, 30])
    #expect((column .< row * 6).doubles == [0, 1, 1, 0, 0, 0])
    expectClose(select(where: row .> 1, column, row), [1, 10, 10, 1, 20, 20])
  }

  @Test("comparisons and logic give bool tensors")
  func comparisons() {
    func flags(_ tensor: Tensor) -> [Bool] {
      #expect(tensor.elementType == .bool)
      return tensor.array(of: Bool.self)
    }
    #expect(flags(a .== b) == [false, false, false, true])
    #expect(flags(a .!= b) == [true, true, true, false])
    #expect(flags(a .< b) == [true, true, false, false])
    #expect(flags(a .> b) == [false, false, true, false])
    #expect(flags(a .== 3) == [false, false, true, false])
    #expect(flags(a .!= 3) == [true, true, false, true])
    #expect(flags(a .< 1) == [false, true, false, true])
    #expect(flags(a .<= 1) == [true, true, false, true])
    #expect(flags(a .> 1) == [false, false, true, false])
    #expect(flags(a .>= 1) == [true, false, true, false])
    let isSmall = a .< 1
    #expect(flags(isSmall .&& (b .> 0)) == [false, true, false, true])
    #expect(flags(isSmall .|| (b .< 0)) == [false, true, true, true])
    #expect(flags(not(isSmall)) == [true, false, true, false])
    #expect(flags(isFinite(Tensor([1, .infinity, .nan]))) == [true, false, false])
  }

  struct Function: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let tensor: @Sendable (Tensor) -> Tensor
    let number: @Sendable (Double) -> Double

    init(
      _ name: String, _ tensor: @escaping @Sendable (Tensor) -> Tensor,
      _ number: @escaping @Sendable (Double) -> Double
    ) {
      testDescription = name
      self.tensor = tensor
      self.number = number
    }
  }

  // The right column is Foundation's mathematics, one number at a time.
  static let functions = [
    Function("exp", { exp($0) }, { Foundation.exp($0) }),
    Function("expm1", { expm1($0) }, { Foundation.expm1($0) }),
    Function("log", { log(abs($0) + 0.1) }, { Foundation.log(Swift.abs($0) + 0.1) }),
    Function("log1p", { log1p(abs($0)) }, { Foundation.log1p(Swift.abs($0)) }),
    Function("sqrt", { sqrt(abs($0)) }, { Swift.abs($0).squareRoot() }),
    Function("rsqrt", { rsqrt(abs($0) + 1) }, { 1 / (Swift.abs($0) + 1).squareRoot() }),
    Function("square", { square($0) }, { $0 * $0 }),
    Function("abs", { abs($0) }, { Swift.abs($0) }),
    Function("sign", { sign($0) }, { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }),
    Function("sin", { sin($0) }, { Foundation.sin($0) }),
    Function("cos", { cos($0) }, { Foundation.cos($0) }),
    Function("tanh", { tanh($0) }, { Foundation.tanh($0) }),
    Function("sigmoid", { sigmoid($0) }, { 1 / (1 + Foundation.exp(-$0)) }),
    Function("logSigmoid", { logSigmoid($0) }, { -Foundation.log1p(Foundation.exp(-$0)) }),
    Function("softplus", { softplus($0) }, { Foundation.log1p(Foundation.exp($0)) }),
    Function("relu", { relu($0) }, { Swift.max($0, 0) }),
    Function("silu", { silu($0) }, { $0 / (1 + Foundation.exp(-$0)) }),
    Function("gelu", { gelu($0) }, { $0 * 0.5 * (1 + Foundation.erf($0 / 2.0.squareRoot())) }),
    Function("power", { abs($0).power(1.7) }, { Foundation.pow(Swift.abs($0), 1.7) }),
    Function("clamp", { $0.clamped(-1, 0.5) }, { Swift.min(Swift.max($0, -1), 0.5) }),
  ]

  @Test("functions agree with Foundation's", arguments: functions)
  func values(function: Function) {
    let numbers = [-3.7, -1, -0.25, 0, 1e-6, 0.5, 2, 11]
    expectClose(
      function.tensor(Tensor(numbers)), numbers.map(function.number), atol: 1e-13, rtol: 1e-13)
  }

  @Test("logarithms of sigmoids neither overflow nor vanish")
  func extremes() {
    expectClose(logSigmoid(Tensor([-800.0, 800, -40])), [-800, 0, -40], atol: 1e-12)
    expectClose(softplus(Tensor([800.0, -800])), [800, 0])
    expectClose(Tensor([1000.0, 1000], shape: [1, 2]).logSumExp(1), [1000.6931471805599])
    expectClose(expm1(Tensor([1e-12])), [1e-12], atol: 1e-24)
  }

  @Test("masks fill and choose")
  func masks() {
    expectClose(a.filled(where: a .< 1, with: 9), [1, 9, 3, 9])
    expectClose(select(where: a .< 1, a, b), [4, -2, -3, 0.5])
    #expect(Tensor([1, 2]).filled(where: Tensor([true, false]), with: -1).ints == [-1, 2])
  }

  @Test("matrix products, batched and broadcast")
  func matmul() {
    let m = Tensor([1.0, 2, 3, 4], shape: [2, 2])
    let n = Tensor([0.0, 1, 1, 0, 2, 0, 0, 2], shape: [2, 2, 2])
    expectClose(m.matmul(m), [7, 10, 15, 22])
    expectClose(m.matmul(n), Tensor([2.0, 1, 4, 3, 2, 4, 6, 8], shape: [2, 2, 2]))
    #expect(m.matmul(Tensor([1.0, -1])).shape == [2])
  }
}
