// SPDX-License-Identifier: Apache-2.0
import Objectives
import TestSupport
import Testing
import Torch

@Suite("Whitening and masked means")
struct WhiteningTests {
  let x = Tensor([1.0, 2, 3, 9, 4, 0, 9, 9], shape: [2, 4])
  let mask = Tensor([1, 1, 1, 0, 1, 1, 0, 0], shape: [2, 4])

  @Test("matches numbers made with PyTorch for every combination of flags")
  func golden() throws {
    let fixture = try Fixture("rollouts.json")["whitening"]
    #expect(fixture["cases"].list.count == 4)
    for expected in fixture["cases"].list {
      let whitening = Whitening(
        shiftsMean: expected["shift_mean"].isTrue, isUnbiased: expected["unbiased"].isTrue)
      let x = fixture["x"].tensor
      let mask = fixture["mask"].tensor
      expectClose(whitening(x, mask: mask), expected["batch"].tensor, atol: 1e-10)
      let rows = (0..<2).map {
        whitening(x.narrowed(0, $0..<($0 + 1)), mask: mask.narrowed(0, $0..<($0 + 1)))
      }
      expectClose(concatenated(rows), expected["rows_alone"].tensor, atol: 1e-10)
    }
  }

  @Test("twice is once")
  func idempotent() {
    let once = Whitening()(x, mask: mask)
    expectClose(Whitening()(once, mask: mask), once, atol: 1e-5)
    expectClose(maskedMean(once, mask), 0, atol: 1e-10)
    expectClose(maskedVariance(once, mask), 1, atol: 1e-7)
  }

  @Test("without a mask everything counts")
  func noMask() {
    expectClose(Whitening()(x), Whitening()(x, mask: x.zerosLike() + 1), atol: 1e-12)
  }

  @Test("mean and variance ignore masked entries, even infinite ones, in value and gradient")
  func infinities() {
    let inputs = Tensor([1.0, 4, Double.infinity, Double.nan])
    let counts = Tensor([1, 1, 0, 0])
    expectClose(maskedMean(inputs, counts), 2.5)
    expectClose(maskedVariance(inputs, counts), 2.25)
    expectClose(maskedVariance(inputs, counts, isUnbiased: true), 4.5)
    let leaf = inputs.asParameter()
    maskedMean(leaf, counts).backward()
    expectClose(leaf.grad?.doubles ?? [], [0.5, 0.5, 0, 0])
    #expect(isFinite(Whitening()(inputs, mask: counts)).all().item == 1)
  }

  @Test("nothing to count gives zeros, equal values give zeros, not NaN")
  func degenerate() {
    let none = mask.zerosLike()
    #expect(maskedMean(x, none).item == 0)
    #expect(maskedVariance(x, none, isUnbiased: true).item == 0)
    #expect(Whitening()(x, mask: none).doubles == [Double](repeating: 0, count: 8))
    expectClose(Whitening()(Tensor([3.0, 3, 3])), [0, 0, 0])
    expectClose(Whitening(shiftsMean: false)(Tensor([3.0])), [3])
    expectClose(Whitening(isUnbiased: true)(Tensor([3.0])), [0])
  }

  @Test("the result is detached and float32 at least")
  func detached() {
    #expect(!Whitening()(x.asParameter(), mask: mask).requiresGrad)
    #expect(Whitening()(x.to(.bfloat16), mask: mask).elementType == .float32)
  }

  @Test("a mask of another shape is refused in words")
  func shapes() {
    let error = #expect(throws: TensorError.self) {
      try withTensorErrors { maskedMean(x, Tensor([1, 0])) }
    }
    #expect(error?.description == "masked mean: shapes differ: values [2, 4], mask [2]")
  }
}
