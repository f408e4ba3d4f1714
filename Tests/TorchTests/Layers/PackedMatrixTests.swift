// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Torch

@Suite(
  "Packed matrices",
  .enabled(if: PackedMatrix.isAvailable(on: .cpu), "this libtorch has no packed layout"))
struct PackedMatrixTests {
  private func random(_ seed: UInt64, _ shape: [Int]) -> Tensor {
    Generator(seed: seed).normal(shape: shape).to(.bfloat16)
  }

  @Test(
    "products are those of the plain matrix, bit for bit",
    arguments: [[64, 48], [37, 19], [1, 7], [300, 1]], [1, 2, 33, 300])
  func product(shape: [Int], rows: Int) {
    let matrix = random(1, shape)
    let packed = PackedMatrix(matrix)
    let bias = random(2, [shape[0]])
    let x = random(3, [rows, shape[1]])
    withoutGrad {
      #expect(packed.product(x, bias: nil).floats == linear(x, matrix).floats)
      #expect(packed.product(x, bias: bias).floats == linear(x, matrix, bias).floats)
      let deep = x.reshaped([rows, 1, shape[1]])
      #expect(packed.product(deep, bias: nil).shape == [rows, 1, shape[0]])
    }
  }

  @Test("the plain matrix comes back, and inputs in float32 are rounded as autocast does")
  func dense() {
    let matrix = Generator(seed: 1).normal(shape: [24, 40])
    let packed = PackedMatrix(matrix)
    #expect(packed.shape == [24, 40])
    #expect(packed.dense(.bfloat16).floats == matrix.to(.bfloat16).floats)
    let x = Generator(seed: 2).normal(shape: [5, 40])
    withoutGrad {
      let expected = withAutocast(.bfloat16) { linear(x, matrix) }
      let found = packed.product(x, bias: nil)
      #expect(found.elementType == .bfloat16)
      #expect(found.floats == expected.floats)
    }
  }

  @Test("it serves models in bfloat16 and models under autocast, on the CPU")
  func fits() {
    #expect(PackedMatrix.fits(.bfloat16, on: .cpu))
    #expect(!PackedMatrix.fits(.float32, on: .cpu))
    withAutocast(.bfloat16) { #expect(PackedMatrix.fits(.float32, on: .cpu)) }
    #expect(!PackedMatrix.fits(.float32, on: .cpu))
  }
}
