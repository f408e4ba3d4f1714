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

  /// Holds bfloat16 outputs to a product in float64: one rounding of eight bits, and that of sums in float32.
  private func expectRounded(_ found: Tensor, _ x: Tensor, _ matrix: Tensor, _ bias: Tensor?) {
    let (wideX, wide) = (x.to(.float64), matrix.to(.float64))
    let exact = linear(wideX, wide, bias?.to(.float64)).doubles
    let magnitudes = linear(abs(wideX), abs(wide)).doubles
    #expect(found.elementType == .bfloat16)
    for ((value, exact), magnitude) in zip(zip(found.doubles, exact), magnitudes) {
      let slack = Double(x.size(-1)) * magnitude * 0x1p-24
      #expect(Swift.abs(value - exact) <= (Swift.abs(exact) + slack) / 256 + slack)
    }
  }

  @Test(
    "products are those of the plain matrix, rounded once",
    arguments: [[64, 48], [37, 19], [1, 7], [300, 2], [143, 130]], [1, 2, 3, 5, 33, 300])
  func product(shape: [Int], rows: Int) {
    let matrix = random(1, shape)
    let packed = PackedMatrix(matrix)
    let bias = random(2, [shape[0]])
    let x = random(3, [rows, shape[1]])
    withoutGrad {
      expectRounded(packed.product(x, bias: nil), x, matrix, nil)
      expectRounded(packed.product(x, bias: bias), x, matrix, bias)
      let deep = x.reshaped([rows, 1, shape[1]])
      #expect(packed.product(deep, bias: nil).shape == [rows, 1, shape[0]])
    }
  }

  @Test("a row's product does not depend on the rows beside it, bit for bit")
  func neighbours() {
    let packed = PackedMatrix(random(1, [144, 64]))
    let x = random(2, [21, 64])
    withoutGrad {
      let all = packed.product(x, bias: nil)
      for count in 1...20 {
        let part = packed.product(x.narrowed(0, count..<21), bias: nil)
        #expect(part.floats == all.narrowed(0, count..<21).floats)
      }
    }
  }

  @Test(
    "a residual is added to the rounded product, and keeps its type",
    arguments: [ElementType.float32, .bfloat16])
  func residual(type: ElementType) {
    let packed = PackedMatrix(random(1, [37, 20]))
    let (x, bias) = (random(2, [5, 1, 20]), random(3, [37]))
    let kept = Generator(seed: 4).normal(shape: [5, 1, 37]).to(type)
    withoutGrad {
      let found = packed.product(x, bias: bias, residual: kept)
      #expect(found.elementType == type)
      #expect(found.floats == (kept + packed.product(x, bias: bias)).floats)
    }
  }

  @Test("several products of one input are those made one by one, bit for bit")
  func several() {
    let shapes = [[64, 32], [17, 32], [128, 32]]
    let maps = shapes.enumerated().map { index, shape in
      (
        matrix: PackedMatrix(random(UInt64(index), shape)),
        bias: index == 1 ? random(9, [17]) : nil
      )
    }
    withoutGrad {
      for rows in [1, 3, 12] {
        let x = random(7, [rows, 1, 32])
        guard let found = PackedMatrix.products(x, maps) else { return }
        for (product, map) in zip(found, maps) {
          let alone = map.matrix.product(x, bias: map.bias)
          #expect(product.shape == alone.shape && product.floats == alone.floats)
        }
      }
    }
  }

  @Test("the plain matrix comes back, and inputs in float32 are rounded as autocast does")
  func dense() {
    let matrix = Generator(seed: 1).normal(shape: [24, 40])
    let packed = PackedMatrix(matrix)
    #expect(packed.shape == [24, 40])
    for shape in [[24, 40], [37, 6], [5, 7]] {
      let other = random(4, shape)
      #expect(PackedMatrix(other).dense(.bfloat16).floats == other.floats)
      #expect(PackedMatrix(other).parts(named: "weight").weightCount == other.elementCount)
    }
    #expect(packed.dense(.bfloat16).floats == matrix.to(.bfloat16).floats)
    let x = Generator(seed: 2).normal(shape: [5, 40])
    withoutGrad {
      expectRounded(
        packed.product(x, bias: nil), x.to(.bfloat16), matrix.to(.bfloat16), nil)
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
