// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import Torch

/// half.safetensors: the same eight numbers in three types, written by PyTorch.
@Suite("Half-precision weights")
struct HalfPrecisionTests {
  @Test("are read as the numbers PyTorch reads", arguments: ["f32", "f16", "bf16"])
  func conversions(name: String) throws {
    let file = try SafetensorsFile(Fixture.root.appending(path: "half.safetensors"))
    let expected = try Fixture.decode("half.json", as: [String: [Float]].self)
    let tensor = try #require(try file.tensor(name))
    let wanted: [String: ElementType] = ["f32": .float32, "f16": .float16, "bf16": .bfloat16]
    #expect(tensor.elementType == wanted[name])
    #expect(tensor.floats == expected[name])
    #expect(tensor.floats[1].sign == .minus)
  }
}
