// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@Suite("Checkpointed blocks")
struct CheckpointTests {
  private final class Counter { var value = 0 }

  /// Values and the gradients of x, y and a parameter that the block only captures.
  private func run(checkpoint: Bool, counter: Counter = Counter()) -> (Tensor, [[Double]]) {
    let x = Tensor([0.3, -1.2, 2], shape: [1, 3]).asParameter()
    let y = Tensor([0.5, 0.1, -0.7], shape: [1, 3]).asParameter()
    let weight = Tensor((0..<9).map { Double($0) / 7 - 0.5 }, shape: [3, 3]).asParameter()
    let block: ([Tensor]) -> Tensor = { inputs in
      counter.value += 1
      return tanh(linear(inputs[0] * inputs[1], weight)) + inputs[0]
    }
    let hidden = checkpoint ? checkpointed([x, y], block) : block([x, y])
    let result = checkpoint ? checkpointed([hidden, y], block) : block([hidden, y])
    (result * Tensor([1.0, 2, -3])).sum().backward()
    return (result, [x, y, weight].map { $0.grad?.doubles ?? [] })
  }

  @Test("give the same values and gradients, captured parameters included")
  func agreement() {
    let plain = run(checkpoint: false)
    let saved = run(checkpoint: true)
    expectClose(saved.0, plain.0, atol: 0)
    for (found, expected) in zip(saved.1, plain.1) { expectClose(found, expected, atol: 1e-14) }
  }

  @Test("run again in the backward pass, once each")
  func recomputation() {
    let counter = Counter()
    _ = run(checkpoint: true, counter: counter)
    #expect(counter.value == 4)
    let plain = Counter()
    _ = run(checkpoint: false, counter: plain)
    #expect(plain.value == 2)
  }

  @Test("are ordinary calls where no gradients are recorded")
  func withoutGradients() {
    let counter = Counter()
    let x = Tensor([1.0]).asParameter()
    let result = withoutGrad {
      checkpointed([x]) {
        counter.value += 1
        return $0[0] * 2
      }
    }
    #expect(result.item == 2 && !result.requiresGrad && counter.value == 1)
  }

  @Test("inputs without gradients pass through")
  func constants() {
    let x = Tensor([1.0, 2]).asParameter()
    let constant = Tensor([3.0, 4])
    checkpointed([constant, x]) { $0[0] * square($0[1]) }.sum().backward()
    expectClose(x.grad?.doubles ?? [], [6, 16])
    #expect(constant.grad == nil)
  }

  @Test("blocks may stand inside blocks")
  func nested() {
    let x = Tensor([0.4, -0.3]).asParameter()
    checkpointed([x]) { outer in
      exp(checkpointed([outer[0] * 2]) { square($0[0]) })
    }.sum().backward()
    // d/dx exp(4x²) = 8x exp(4x²)
    expectClose(
      x.grad?.doubles ?? [], [3.2 * 1.8964808793049515, -2.4 * 1.4333294145603401], atol: 1e-12)
  }

  @Test("autocast in the forward pass holds in the repeated one")
  func autocast() {
    func gradient(_ checkpoint: Bool) -> [Double] {
      let x = Tensor([0.3, -1.2, 2, 0.7], shape: [2, 2], device: .cpu).to(.float32).asParameter()
      let block: ([Tensor]) -> Tensor = { square($0[0].matmul($0[0])).to(.float32) }
      withAutocast(.bfloat16) { checkpoint ? checkpointed([x], block) : block([x]) }.sum()
        .backward()
      return x.grad?.doubles ?? []
    }
    expectClose(gradient(true), gradient(false), atol: 0)
  }

  @Test("a failure inside the block is the block's own sentence")
  func failures() {
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors {
        checkpointed([Tensor([1.0, 2]).asParameter()]) { $0[0].matmul(Tensor([1.0, 2, 3])) }
      }
    }
    #expect(error?.description.hasPrefix("matmul of [2] and [3]: ") == true)
  }
}
