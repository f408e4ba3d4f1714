// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@Suite("Tensor shapes")
struct ShapeTests {
  let x = Tensor((0..<6).map(Double.init), shape: [2, 3])

  @Test("reshaping, expanding, permuting")
  func views() {
    #expect(x.reshaped([3, -1]).shape == [3, 2])
    expectClose(x.reshaped([6]), [0, 1, 2, 3, 4, 5])
    expectClose(x.transposed(0, 1), Tensor([0.0, 3, 1, 4, 2, 5], shape: [3, 2]))
    expectClose(
      x.unsqueezed(1).expanded([-1, 2, -1]).sum(0), Tensor([3.0, 5, 7, 3, 5, 7], shape: [2, 3]))
    #expect(x.unsqueezed(-1).shape == [2, 3, 1] && x.unsqueezed(0).squeezed(0).shape == [2, 3])
    let y = Tensor((0..<24).map(Double.init), shape: [2, 3, 4]).permuted([2, 0, 1])
    #expect(y.shape == [4, 2, 3])
    // y[1, 1, 2] = x[1, 2, 1] = 12 + 8 + 1
    expectClose(y.picked(0, 1).picked(0, 1).picked(0, 2), 21)
  }

  @Test("parts and choices")
  func choices() {
    expectClose(x.narrowed(1, 1..<3), Tensor([1.0, 2, 4, 5], shape: [2, 2]))
    #expect(x.narrowed(0, 1..<1).shape == [0, 3])
    expectClose(x.picked(1, 2), [2, 5])
    expectClose(x.picked(0, -1), [3, 4, 5])
    expectClose(x.rows(Tensor([1, 0, 1])), Tensor([3.0, 4, 5, 0, 1, 2, 3, 4, 5], shape: [3, 3]))
    expectClose(x.rows(Tensor([2]), axis: 1), Tensor([2.0, 5], shape: [2, 1]))
    expectClose(x.gathered(1, Tensor([2, 0], shape: [2, 1])), Tensor([2.0, 3], shape: [2, 1]))
    expectClose(x.repeatedEach(2, axis: 0).picked(1, 0), [0, 0, 3, 3])
    expectClose(x.lowerTriangle(), [0, 0, 0, 3, 4, 0])
    expectClose(x.lowerTriangle(diagonal: 1), [0, 1, 0, 3, 4, 5])
  }

  @Test("joining")
  func joins() {
    #expect(concatenated([x, x]).shape == [4, 3])
    expectClose(
      concatenated([x, x.picked(1, 0).unsqueezed(1)], axis: 1).picked(0, 1), [3, 4, 5, 3])
    #expect(stacked([x, x], axis: 2).shape == [2, 3, 2])
    expectClose(stacked([Tensor(1), Tensor(2)]), [1, 2])
  }

  @Test("writing and adding at indices gives a copy")
  func scatter() {
    let places = Tensor([0, 0], shape: [2, 1])
    let source = Tensor([9.0, 8], shape: [2, 1])
    expectClose(x.scattering(1, places, source), [9, 1, 2, 8, 4, 5])
    expectClose(x.scatterAdding(1, places, source), [9, 1, 2, 11, 4, 5])
    expectClose(x, [0, 1, 2, 3, 4, 5])
    let cache = x.copy()
    cache.scatterInPlace(1, places, source)
    expectClose(cache, [9, 1, 2, 8, 4, 5])
    // indices that repeat add up
    expectClose(
      Tensor.zeros([3], elementType: .float64)
        .scatterAdding(0, Tensor([1, 1, 2]), Tensor([1.0, 2, 4])), [0, 3, 4])
  }
}
