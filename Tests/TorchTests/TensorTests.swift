// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Torch

@Suite("Tensor")
struct TensorTests {
  @Test("arrays go in and come back")
  func roundTrip() {
    let x = Tensor([1.0, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(x.shape == [2, 3])
    #expect(x.elementType == .float64)
    #expect((x * 2).doubles == [2, 4, 6, 8, 10, 12])
  }
}
