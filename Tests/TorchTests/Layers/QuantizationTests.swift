// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Torch

/// Numbers of bitsandbytes and NumPy; see Fixtures/make_quantization_fixtures.py.
private struct Expected {
  private let file: SafetensorsFile
  private let name: String

  /// `[66, 260]`, exact in float32.
  private static var large: Tensor {
    let numbers: [Float] = (0..<66 * 260).map { place in
      let whole = place * 7919 % 2003 - 1001
      let power = 1 << (place / 37 % 5)
      return Float(whole) / Float(1024 * power)
    }
    return Tensor(numbers, shape: [66, 260])
  }

  init(_ name: String = "") throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    file = try SafetensorsFile(folder.appending(path: "Fixtures/quantization.safetensors"))
    self.name = name
  }

  func callAsFunction(_ part: String) throws -> Tensor {
    if part == "weight", name == "66x260" { return Self.large }
    return try #require(try file.tensor(name.isEmpty ? part : "\(name).\(part)"))
  }
}

/// A matrix that a source holds in parts.
private func source(_ parts: NamedTensors) -> TensorDictionary { TensorDictionary(parts) }

@Suite("Matrices in few bits")
struct QuantizationTests {
  static let shapes = ["8x64", "12x40", "7x9", "66x260"]

  // The example of the method's description, worked out by hand: one block, largest magnitude 0.31.
  @Test("NF4 of eight numbers is the published example, bit for bit")
  func example() {
    let weight = Tensor(
      [Float]([0.3, -0.12, 0.05, 0, -0.31, 0.22, 0.011, -0.2]), shape: [1, 8])
    let matrix = NF4Matrix(weight, doubleQuantization: false)
    #expect(matrix.packed.array(of: UInt8.self) == [243, 151, 14, 113])
    expectClose(
      matrix.dense(.float32).reshaped([-1]),
      [0.31, -0.122424, 0.049888, 0, -0.31, 0.224117, 0, -0.215820], atol: 5e-7)
  }

  @Test("the map of scales is that of bitsandbytes, bit for bit")
  func map() throws {
    #expect(DynamicMap.numbers == (try Expected()("map")).floats)
    #expect(DynamicMap.numbers.count == 256 && DynamicMap.numbers[127] == 0)
  }

  @Test("bytes and scales are those of bitsandbytes, bit for bit", arguments: shapes)
  func quantize(shape: String) throws {
    let expected = try Expected(shape)
    let matrix = NF4Matrix(try expected("weight"), doubleQuantization: false)
    #expect(matrix.packed.rawBytes() == (try expected("packed")).rawBytes())
    #expect(matrix.scales.floats == (try expected("absmax")).floats)
    let sizes = try expected("packed").shape
    #expect(matrix.packed.shape == sizes)
  }

  @Test("scales of scales are the nearest places in the map", arguments: shapes)
  func doubleQuantization(shape: String) throws {
    let expected = try Expected(shape)
    let matrix = NF4Matrix(try expected("weight"))
    let nested = try #require(matrix.nested)
    #expect(matrix.scales.array(of: UInt8.self) == (try expected("nested")).array(of: UInt8.self))
    #expect(nested.scales.floats == (try expected("nested_absmax")).floats)
    #expect(nested.offset == (try expected("offset")).floats[0])
  }

  @Test(
    "the numbers a matrix stands for are those of bitsandbytes, bit for bit",
    arguments: shapes.dropLast(), [false, true])
  func dense(shape: String, portably: Bool) throws {
    let expected = try Expected(shape)
    let weight = try expected("weight")
    let plain = NF4Matrix(weight, doubleQuantization: false)
    #expect(
      plain.dense(.float32, portably: portably).floats == (try expected("dense")).floats)
    #expect(
      plain.dense(.bfloat16, portably: portably).rawBytes()
        == (try expected("dense_bf16")).rawBytes())
    let doubled = NF4Matrix(weight)
    #expect(
      doubled.dense(.float32, portably: portably).floats == (try expected("dense_nested")).floats)
  }

  @Test("a matrix of more than 256 blocks too, on the processor and with plain operations")
  func manyBlocks() throws {
    let expected = try Expected("66x260")
    let matrix = NF4Matrix(try expected("weight"))
    let dense = matrix.dense(.float32)
    #expect(dense.floats == matrix.dense(.float32, portably: true).floats)
    let sums = dense.to(.float64).reshaped([-1]).doubles
    let blocks = stride(from: 0, to: sums.count, by: 64).map { start in
      sums[start..<min(sums.count, start + 64)].reduce(0, +)
    }
    expectClose(blocks, try expected("block_sums").doubles, atol: 1e-9)
  }

  @Test("int8 rows are those of NumPy", arguments: shapes.dropLast())
  func int8(shape: String) throws {
    let expected = try Expected(shape)
    let weight = try expected("weight")
    let matrix = Int8Matrix(weight)
    #expect(matrix.codes.rawBytes() == (try expected("int8")).rawBytes())
    #expect(matrix.scales.floats == (try expected("int8_absmax")).floats)
    // Half a step of the row's own scale is the most a number can be off.
    let steps = matrix.scales.doubles.map { $0 / 127 }
    let width = weight.size(1)
    for (place, (found, original)) in zip(matrix.dense(.float64).doubles, weight.doubles)
      .enumerated()
    {
      #expect(abs(found - original) <= steps[place / width] * 0.5001)
    }
  }

  @Test("a row or block of zeros stays zero")
  func zeros() {
    let zeros = Tensor.zeros([2, 64])
    #expect(NF4Matrix(zeros).dense(.float32).floats.allSatisfy { $0 == 0 })
    #expect(Int8Matrix(zeros).dense(.float32).floats.allSatisfy { $0 == 0 })
  }

  // 4 bits a weight, 8 a block of 64, 32 a block of 256 blocks, two maps and a description of about 160 bytes.
  @Test("a weight takes 4.127 bits, or 8")
  func memory() {
    let weight = Generator(seed: 1).normal(shape: [512, 1024])
    let fourBits = NF4Matrix(weight)
    let count = 512 * 1024
    let fixed = (16 + 256) * 4
    let description = fourBits.parts(named: "w").last?.tensor.elementCount ?? 0
    #expect(fourBits.byteCount - fixed - description == count / 2 + count / 64 + count / 16_384 * 4)
    #expect(description < 200)
    #expect(Int8Matrix(weight).byteCount == count + 512 * 4 + 1)
    let parameters = fourBits.parts(named: "a.weight") + Int8Matrix(weight).parts(named: "b.weight")
    #expect(parameters.weightCount == 2 * count)
  }

  // MARK: Products

  private func matrices() -> [any QuantizedMatrix] {
    let weight = Generator(seed: 2).normal(shape: [24, 40])
    return [NF4Matrix(weight), Int8Matrix(weight)]
  }

  @Test("a product is the dense product, and so is its gradient", arguments: [false, true])
  func product(hasBias: Bool) throws {
    for matrix in matrices() {
      let x = Generator(seed: 3).normal(shape: [2, 5, 40], elementType: .float64).asParameter()
      let bias =
        hasBias
        ? Generator(seed: 4).normal(shape: [24], elementType: .float64).asParameter() : nil
      let found = matrix.product(x, bias: bias)
      square(found).sum().backward()
      let gradient = try #require(x.grad)
      let biasGradient = bias?.grad

      let y = x.asParameter()
      let other = bias?.asParameter()
      let expected = linear(y, matrix.dense(.float64), other)
      square(expected).sum().backward()
      expectClose(found, expected, atol: 1e-9)
      expectClose(gradient, try #require(y.grad), atol: 1e-8)
      if let other { expectClose(try #require(biasGradient), try #require(other.grad), atol: 1e-8) }
    }
  }

  @Test("under autocast forward and backward run in its type")
  func autocast() throws {
    for matrix in matrices() {
      let x = Generator(seed: 3).normal(shape: [5, 40]).asParameter()
      let y = x.asParameter()
      let (found, expected) = withAutocast(.bfloat16) {
        (matrix.product(x, bias: nil), linear(y, matrix.dense(.float32)))
      }
      #expect(found.elementType == .bfloat16)
      #expect(found.rawBytes() == expected.rawBytes())
      found.sum().backward()
      expected.sum().backward()
      expectClose(try #require(x.grad), try #require(y.grad), atol: 1e-6)
      #expect(x.grad?.elementType == .float32)
    }
  }

  @Test("no dense matrix outlives a product that will be differentiated")
  func nothingKept() {
    // 512 · 512 numbers; a kept dense matrix would be 1 MiB of each of 600 products. Other tests run meanwhile.
    let matrix = NF4Matrix(Generator(seed: 1).normal(shape: [512, 512]))
    let x = Generator(seed: 2).normal(shape: [1, 512]).asParameter()
    var y = x
    let before = Machine.peakMemoryMiB
    for _ in 0..<600 { y = matrix.product(y, bias: nil) * 0.01 }
    y.sum().backward()
    #expect(Machine.peakMemoryMiB - before < 300)
    #expect(x.grad != nil)
  }

  // MARK: Files

  @Test("parts have the names of bitsandbytes, and come back as the same matrix")
  func parts() throws {
    let weight = Generator(seed: 5).normal(shape: [24, 40])
    let matrix = NF4Matrix(weight)
    let parts = matrix.parts(named: "a.weight")
    #expect(
      parts.map(\.name) == [
        "a.weight", "a.weight.absmax", "a.weight.quant_map", "a.weight.nested_absmax",
        "a.weight.nested_quant_map", "a.weight.quant_state.bitsandbytes__nf4",
      ])
    let again = try NF4Matrix(
      reading: "a.weight", from: source(parts), shape: [24, 40], isShared: false)
    #expect(again.dense(.float32).floats == matrix.dense(.float32).floats)
    #expect(!again.packed.isSame(as: matrix.packed))
    let single = NF4Matrix(weight, doubleQuantization: false)
    let fewer = single.parts(named: "a.weight")
    #expect(fewer.map(\.name).count == 4)
    let back = try NF4Matrix(
      reading: "a.weight", from: source(fewer), shape: [24, 40], isShared: false)
    #expect(back.dense(.float32).floats == single.dense(.float32).floats)
  }

  private func failure(
    _ shape: [Int] = [24, 40], _ change: (inout [String: Tensor]) -> Void = { _ in }
  ) -> WeightsError? {
    let parts = NF4Matrix(Generator(seed: 5).normal(shape: [24, 40])).parts(named: "a.weight")
    var tensors = Dictionary(parts.map { ($0.name, $0.tensor) }, uniquingKeysWith: { $1 })
    change(&tensors)
    do {
      _ = try NF4Matrix(
        reading: "a.weight", from: source(tensors.map { ($0.key, $0.value) }), shape: shape,
        isShared: false)
      return nil
    } catch {
      return error as? WeightsError
    }
  }

  @Test("parts that do not belong together are refused with a reason")
  func brokenParts() {
    #expect(failure() == nil)
    let lacking = failure { $0["a.weight.absmax"] = nil }
    #expect(lacking == .missing(names: ["a.weight.absmax"]))
    #expect(
      failure([24, 41])
        == .shapeMismatch(name: "a.weight", stored: [24, 40], configured: [24, 41]))
    let broken: [(String, Tensor)] = [
      ("a.weight", Tensor([UInt8(1), 2])), ("a.weight.quant_map", Tensor([Float(1)])),
      ("a.weight.absmax", Tensor([Float](repeating: 1, count: 15))),
      ("a.weight.nested_absmax", Tensor([Float(1), 2])),
      ("a.weight.quant_state.bitsandbytes__nf4", Tensor(Array("{}".utf8))),
      (
        "a.weight.quant_state.bitsandbytes__nf4",
        Tensor(Array(#"{"quant_type": "nf4", "blocksize": 0, "shape": [24, 40]}"#.utf8))
      ),
      (
        "a.weight.quant_state.bitsandbytes__nf4",
        Tensor(Array(#"{"quant_type": "nf4", "blocksize": 64, "shape": [-24, -40]}"#.utf8))
      ),
    ]
    for (name, tensor) in broken {
      let found = failure { $0[name] = tensor }
      guard case .badQuantization = found else {
        Issue.record("\(name) was taken")
        continue
      }
    }
  }
}
