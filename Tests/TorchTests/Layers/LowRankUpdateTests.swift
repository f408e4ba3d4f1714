// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Torch

@Suite("Low-rank updates")
struct LowRankUpdateTests {
  private func random(_ seed: UInt64, _ shape: Int...) -> Tensor {
    Generator(seed: seed).normal(shape: shape, elementType: .float64)
  }

  private var frozen: Tensor { random(1, 5, 4) }

  /// W, with an update of rank 2; `isDoRA` adds magnitudes near the norms of the rows.
  private func update(
    _ down: Tensor, _ up: Tensor, isDoRA: Bool, dropout: Double = 0
  ) -> LowRankUpdate {
    let magnitude = isDoRA ? rowNorms(frozen) + random(4, 5) * 0.3 : nil
    return LowRankUpdate(
      down: down, up: up, magnitude: magnitude, scale: 1.5, dropout: dropout)
  }

  /// A loss that every output has its own share in.
  private func loss(_ update: LowRankUpdate, _ x: Tensor, bias: Tensor? = nil) -> Tensor {
    (update(x, .dense(frozen), bias) * random(9, 3, 5)).sum()
  }

  @Test("with B zero and m the norms of W nothing is added", arguments: [false, true])
  func atTheStart(isDoRA: Bool) {
    let update = LowRankUpdate(
      down: random(2, 2, 4), up: .zeros([5, 2], elementType: .float64),
      magnitude: isDoRA ? rowNorms(frozen) : nil, scale: 2)
    let x = random(3, 3, 4)
    expectClose(update(x, .dense(frozen), nil), linear(x, frozen), atol: 1e-14)
  }

  // y = W x + s B A x; with magnitudes m (W + s B A) x / ‖W + s B A‖ by row.
  @Test("the output is the formula's", arguments: [false, true], [false, true])
  func formula(isDoRA: Bool, hasBias: Bool) {
    let (down, up, x) = (random(2, 2, 4), random(3, 5, 2), random(5, 3, 4))
    let bias = hasBias ? random(6, 5) : nil
    let update = update(down, up, isDoRA: isDoRA)
    let sum = frozen + up.matmul(down) * 1.5
    let rows = update.magnitude.map { ($0 / sqrt(square(sum).sum(1))).unsqueezed(1) * sum } ?? sum
    expectClose(update(x, .dense(frozen), bias), linear(x, rows, bias), atol: 1e-12)
    expectClose(update.matrix(over: .dense(frozen)), rows, atol: 1e-12)
  }

  // The norm in DoRA counts as a constant, so the reference function keeps it where it is.
  @Test("gradients of A, B and m are central differences", arguments: [false, true])
  func gradients(isDoRA: Bool) throws {
    let (down, up, x) = (random(2, 2, 4), random(3, 5, 2), random(5, 3, 4))
    let parts = update(down.asParameter(), up.asParameter(), isDoRA: isDoRA)
    let update = LowRankUpdate(
      down: parts.down, up: parts.up, magnitude: parts.magnitude?.asParameter(), scale: 1.5)
    loss(update, x).backward()

    let norms = rowNorms(frozen + up.matmul(down) * 1.5)
    func formula(_ down: Tensor, _ up: Tensor, _ magnitude: Tensor?) -> Tensor {
      let sum = frozen + up.matmul(down) * 1.5
      let rows = magnitude.map { ($0 / norms).unsqueezed(1) * sum } ?? sum
      return (linear(x, rows) * random(9, 3, 5)).sum()
    }
    let magnitude = update.magnitude?.detached()
    expectClose(
      try #require(update.down.grad).reshaped([-1]).doubles,
      numericalGradient(of: { formula($0, up, magnitude) }, at: down), atol: 1e-8)
    expectClose(
      try #require(update.up.grad).reshaped([-1]).doubles,
      numericalGradient(of: { formula(down, $0, magnitude) }, at: up), atol: 1e-8)
    if let magnitude {
      expectClose(
        try #require(update.magnitude?.grad).doubles,
        numericalGradient(of: { formula(down, up, $0) }, at: magnitude), atol: 1e-8)
    }
  }

  @Test("the gradient of the input passes through both branches", arguments: [false, true])
  func inputGradient(isDoRA: Bool) throws {
    let update = update(random(2, 2, 4), random(3, 5, 2), isDoRA: isDoRA)
    let x = random(5, 3, 4).asParameter()
    loss(update, x).backward()
    expectClose(
      try #require(x.grad).reshaped([-1]).doubles,
      numericalGradient(of: { loss(update, $0) }, at: x), atol: 1e-8)
  }

  @Test("a frozen matrix gets no gradient, also in few bits")
  func frozenMatrix() {
    let dense = frozen.to(.float32)
    for matrix in [
      MatrixStorage.dense(dense), .quantized(NF4Matrix(dense)), .quantized(Int8Matrix(dense)),
    ] {
      let update = LowRankUpdate(
        down: random(2, 2, 4).to(.float32).asParameter(),
        up: random(3, 5, 2).to(.float32).asParameter(), scale: 1)
      update(random(5, 3, 4).to(.float32), matrix, nil).sum().backward()
      #expect(update.down.grad != nil && update.up.grad != nil)
      #expect(dense.grad == nil)
    }
  }

  @Test("bfloat16 states stay bfloat16 beside a float32 adapter", arguments: [false, true])
  func halfPrecision(isDoRA: Bool) {
    let narrow = frozen.to(.bfloat16)
    let update = LowRankUpdate(
      down: random(2, 2, 4).to(.float32), up: random(3, 5, 2).to(.float32),
      magnitude: isDoRA ? rowNorms(frozen).to(.float32) : nil, scale: 1)
    let x = random(5, 3, 4)
    let found = update(x.to(.bfloat16), .dense(narrow), nil)
    #expect(found.elementType == .bfloat16)
    let exact = linear(x, update.matrix(over: .dense(frozen.to(.float32))).to(.float64))
    expectClose(found.to(.float64), exact, atol: 0.15)
  }

  // MARK: Dropout

  private func output(_ seed: UInt64?, isDoRA: Bool = false, share: Double = 0.5) -> [Double] {
    let update = update(random(2, 2, 4), random(3, 5, 2), isDoRA: isDoRA, dropout: share)
    return withDropout(seed: seed.map { SplitMix(seed: $0) }) {
      update(random(5, 3, 4), .dense(frozen), random(6, 5)).doubles
    }
  }

  @Test(
    "dropout is off outside of its scope, and fixed by its seed within", arguments: [false, true])
  func dropout(isDoRA: Bool) {
    let plain = output(nil, isDoRA: isDoRA)
    #expect(plain == output(1, isDoRA: isDoRA, share: 0))
    #expect(output(1, isDoRA: isDoRA) == output(1, isDoRA: isDoRA))
    #expect(output(1, isDoRA: isDoRA) != output(2, isDoRA: isDoRA))
    #expect(output(1, isDoRA: isDoRA) != plain)
  }

  @Test("a share is dropped, the rest grows so that the mean stays")
  func shares() {
    let x = Tensor.ones([200, 200])
    let kept = withDropout(seed: SplitMix(seed: 7)) { Torch.dropped(x, share: 0.25) }
    let values = Set(kept.floats)
    #expect(values == [0, Float(1 / 0.75)])
    // The deviation of the mean of 40 000 draws is 0.0029.
    expectClose(kept.mean(), 1, atol: 0.012)
    #expect(Torch.dropped(x, share: 0.25).isSame(as: x))
  }

  // DoRA under dropout: W x + b + (f - 1) W d + f s B A d, with d the dropped input and f = m / ‖W + s B A‖.
  @Test("DoRA under dropout reads the dropped input in both added terms")
  func droppedDoRA() {
    let (down, up, x) = (random(2, 2, 4), random(3, 5, 2), random(5, 3, 4))
    let update = update(down, up, isDoRA: true, dropout: 0.5)
    let bias = random(6, 5)
    let seed = SplitMix(seed: 3)
    let found = withDropout(seed: seed) { update(x, .dense(frozen), bias) }
    let kept = withDropout(seed: seed) { Torch.dropped(x, share: 0.5) }
    let factor = (update.magnitude ?? bias) / rowNorms(frozen + up.matmul(down) * 1.5)
    let change = linear(linear(kept, down), up) * 1.5
    let expected = linear(x, frozen, bias) + (factor - 1) * linear(kept, frozen) + factor * change
    expectClose(found, expected, atol: 1e-12)
  }

  @Test("a checkpointed block drops the same numbers when it is computed again")
  func checkpointing() throws {
    func gradient(checkpointing: Bool) throws -> [Double] {
      let update = update(
        random(2, 2, 4).asParameter(), random(3, 5, 2).asParameter(), isDoRA: false, dropout: 0.5)
      let second = LowRankUpdate(
        down: random(7, 2, 4).asParameter(), up: random(8, 5, 2).asParameter(), scale: 1,
        dropout: 0.5)
      let x = random(5, 3, 4).asParameter()
      func block(_ update: LowRankUpdate, _ x: Tensor) -> Tensor {
        let body = { (inputs: [Tensor]) in update(inputs[0], .dense(frozen), nil) }
        return checkpointing ? checkpointed([x], body) : body([x])
      }
      let sum = withDropout(seed: SplitMix(seed: 11)) {
        (block(update, x) * random(9, 3, 5)).sum() + (block(second, x) * random(10, 3, 5)).sum()
      }
      sum.backward()
      return try [update.down, update.up, second.down, second.up, x].flatMap {
        try #require($0.grad).reshaped([-1]).doubles
      }
    }
    expectClose(
      try gradient(checkpointing: true), try gradient(checkpointing: false), atol: 1e-12)
  }
}
