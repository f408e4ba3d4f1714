// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@Suite("Tensor")
struct TensorTests {
  @Test("arrays go in and come back in every element type")
  func roundTrip() {
    let x = Tensor([1.0, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(x.shape == [2, 3] && x.rank == 2 && x.elementCount == 6)
    #expect(x.size(0) == 2 && x.size(-1) == 3)
    #expect(x.elementType == .float64)
    #expect((x * 2).doubles == [2, 4, 6, 8, 10, 12])
    #expect(Tensor([Float(1.5), -2]).floats == [1.5, -2])
    #expect(Tensor([3, -4]).ints == [3, -4] && Tensor([3]).elementType == .int64)
    #expect(Tensor([Int32(7)]).array(of: Int32.self) == [7])
    #expect(Tensor([UInt8(255)]).array(of: UInt8.self) == [255])
    #expect(Tensor([true, false]).array(of: Bool.self) == [true, false])
    #expect(Tensor(rows: [[1, 2], [3, 4], [5, 6]]).shape == [3, 2])
    #expect(Tensor([0.5, 1], elementType: .bfloat16).elementType == .bfloat16)
    #expect(Tensor([Double]()).shape == [0] && Tensor([Double]()).doubles == [])
  }

  @Test(
    "every element type converts to every other and knows its size", arguments: ElementType.allCases
  )
  func conversions(type: ElementType) {
    let x = Tensor([0.0, 1, 1, 0])
    for other in ElementType.allCases {
      let there = x.to(type).to(other)
      #expect(there.elementType == other)
      #expect(there.doubles == [0, 1, 1, 0])
    }
    #expect(x.to(type).rawBytes().count == 4 * type.byteCount)
  }

  @Test("narrow types round to nearest even")
  func rounding() {
    // bfloat16 keeps 8 significant bits: 1 + 2^-8 lies halfway and goes to the even 1
    #expect(Tensor([1 + 0x1p-8, 1 + 3 * 0x1p-8]).to(.bfloat16).doubles == [1, 1 + 0x1p-6])
    #expect(Tensor([1.9, -1.9]).ints == [1, -1])
  }

  @Test("scalars, constants and ranges")
  func creation() {
    #expect(Tensor(2.5).shape == [] && Tensor(2.5).item == 2.5)
    #expect(Tensor(2.5).elementType == .float32)
    #expect(Tensor.full(7, shape: [2, 0]).elementCount == 0)
    #expect(Tensor.zeros([2]).doubles == [0, 0])
    #expect(Tensor.ones([2], elementType: .int64).ints == [1, 1])
    #expect(Tensor.range(-1..<3).ints == [-1, 0, 1, 2])
    #expect(Tensor([1.5, 2]).zerosLike().elementType == .float64)
  }

  @Test("operations leave their arguments alone, copies and views alike")
  func valueSemantics() {
    let x = Tensor([1.0, 2, 3, 4], shape: [2, 2])
    let view = x.transposed(0, 1)
    let copy = x.copy()
    _ = x + 1
    _ = x.scattering(1, Tensor([0, 0], shape: [2, 1]), Tensor([9.0, 9], shape: [2, 1]))
    #expect(x.doubles == [1, 2, 3, 4])
    #expect(view.doubles == [1, 3, 2, 4])
    x.copyInPlace(from: Tensor([5.0, 6, 7, 8], shape: [2, 2]))
    #expect(view.doubles == [5, 7, 6, 8], "a view shares memory")
    #expect(copy.doubles == [1, 2, 3, 4], "a copy does not")
    copy.lerpInPlace(towards: x, weight: 0.25)
    #expect(copy.doubles == [2, 3, 4, 5])
  }

  @Test("raw bytes are little-endian and row major, of views too")
  func rawBytes() {
    #expect(Tensor([Int32(1), 258]).rawBytes() == [1, 0, 0, 0, 2, 1, 0, 0])
    let view = Tensor([UInt8(1), 2, 3, 4], shape: [2, 2]).transposed(0, 1)
    #expect(view.rawBytes() == [1, 3, 2, 4])
    #expect(view.contiguous().rawBytes() == [1, 3, 2, 4])
  }

  @Test("a description tells shape, type and small contents")
  func descriptions() {
    #expect("\(Tensor([1.0, 2]))" == "Tensor([2], float64) [1.0, 2.0]")
    #expect("\(Tensor.zeros([17]))" == "Tensor([17], float32)")
  }

  @Test("device names are read and written")
  func devices() {
    #expect(Device("cpu") == .cpu && Device("cuda:1") == Device(.cuda, index: 1))
    #expect("\(Device(.cuda, index: 1))" == "cuda:1" && "\(Device.cpu)" == "cpu")
    for wrong in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:0:0"] {
      #expect(Device(wrong) == nil, "\(wrong)")
    }
    #expect(Device.cpu.isAvailable)
    Device.cpu.synchronize()
    #expect(Tensor([1.0]).to(.cpu).device == .cpu)
    #expect(Machine.libtorchVersion.hasPrefix("2."))
    #expect(Machine.peakMemoryMiB > 1)
  }
}
