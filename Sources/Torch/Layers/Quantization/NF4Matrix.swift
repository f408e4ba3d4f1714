// SPDX-License-Identifier: Apache-2.0
import CTorch

/// A matrix in NormalFloat4 with double quantisation, as bitsandbytes keeps it.
///
/// The weights, row major, are divided by the largest magnitude of their block of 64 and replaced by the nearest of
/// 16 numbers that are equally likely among normal draws. The magnitudes of the blocks are themselves kept as bytes:
/// less their mean, relative to the largest of 256 of them, as places in a map of 256 numbers. That makes
/// 4 + 8/64 + 32/(64 · 256) = 4.127 bits a weight.
///
/// Source: Dettmers et al. 2023, arXiv:2305.14314, section 3 and appendix E.
///
/// Departures from the paper: none in the numbers; the product is computed in the type of its input, or in autocast's.
public struct NF4Matrix: QuantizedMatrix {
  /// `[out, in]`.
  public let shape: [Int]
  /// Type the weights had before; part of the file's description.
  let original: ElementType
  let packed: Tensor
  let code: Tensor
  let scales: Tensor
  let nested: Nested?
  let blockSize: Int

  /// Scales kept as bytes.
  struct Nested {
    let scales: Tensor
    let map: Tensor
    let offset: Float
    let blockSize: Int
  }

  /// The 16 numbers: quantiles of the normal distribution, eight below zero and seven above it, scaled to ±1.
  static let codeNumbers: [Float] = [
    -1, -0.696_192_800_998_687_7, -0.525_073_051_452_636_7, -0.394_917_488_098_144_53,
    -0.284_441_381_692_886_35, -0.184_773_430_228_233_34, -0.091_050_036_251_544_95, 0,
    0.079_580_299_556_255_34, 0.160_930_201_411_247_25, 0.246_112_301_945_686_34,
    0.337_915_241_718_292_24, 0.440_709_829_330_444_34, 0.562_617_003_917_694_1,
    0.722_956_836_223_602_3, 1,
  ]

  /// Quantises a matrix.
  ///
  /// - Parameters:
  ///   - dense: `[out, in]`, finite.
  ///   - blockSize: weights that share a scale.
  ///   - doubleQuantization: whether the scales are quantised too.
  public init(_ dense: Tensor, blockSize: Int = 64, doubleQuantization: Bool = true) {
    shape = dense.shape
    original = dense.elementType
    self.blockSize = blockSize
    let code = Tensor(Self.codeNumbers, device: dense.device)
    self.code = code
    var magnitudes: ct_tensor?
    packed = produce("NF4 of \(dense.shape)") {
      ct_nf4_quantize(dense.pointer, code.pointer, Int64(blockSize), $0, &magnitudes)
    }
    let plain = magnitudes.map(Tensor.init(owning:)) ?? .empty
    guard doubleQuantization else {
      scales = plain
      nested = nil
      return
    }
    let offset = plain.mean()
    let map = DynamicMap.tensor(device: dense.device)
    let quantized = DynamicMap.quantize(plain - offset, map, blockSize: 256)
    scales = quantized.codes
    nested = Nested(
      scales: quantized.scales, map: map, offset: Float(offset.item), blockSize: 256)
  }

  /// Takes parts that a file held; sizes are checked by the first use.
  init(
    shape: [Int], original: ElementType, packed: Tensor, code: Tensor, scales: Tensor,
    nested: Nested?, blockSize: Int
  ) {
    self.shape = shape
    self.original = original
    self.packed = packed
    self.code = code
    self.scales = scales
    self.nested = nested
    self.blockSize = blockSize
  }

  /// The numbers the matrix stands for, `[out, in]`.
  public func dense(_ elementType: ElementType) -> Tensor { dense(elementType, portably: false) }

  /// `portably` takes the tensor operations of other devices on the processor too.
  func dense(_ elementType: ElementType, portably: Bool) -> Tensor {
    withExtendedLifetime(self) {
      produce("dense NF4 of \(shape)") {
        ct_nf4_dequantize(native, elementType.rawValue, portably, $0)
      }
    }
  }

  /// x Wᵀ + b.
  public func product(_ x: Tensor, bias: Tensor?) -> Tensor {
    withExtendedLifetime(self) {
      produce("linear of \(x.shape) by NF4 of \(shape)") {
        ct_nf4_linear(x.pointer, native, bias?.pointer, $0)
      }
    }
  }

  private var native: ct_nf4_matrix {
    ct_nf4_matrix(
      packed: packed.pointer, code: code.pointer, scales: scales.pointer,
      nested_code: nested?.map.pointer, nested_scales: nested?.scales.pointer,
      offset: Double(nested?.offset ?? 0), block: Int64(blockSize),
      nested_block: Int64(nested?.blockSize ?? 0), rows: Int64(shape[0]), columns: Int64(shape[1]))
  }

  /// Where it is.
  public var device: Device { packed.device }

  /// The same on another device.
  public func to(_ device: Device) -> any QuantizedMatrix {
    NF4Matrix(
      shape: shape, original: original, packed: packed.to(device), code: code.to(device),
      scales: scales.to(device),
      nested: nested.map {
        Nested(
          scales: $0.scales.to(device), map: $0.map.to(device), offset: $0.offset,
          blockSize: $0.blockSize)
      }, blockSize: blockSize)
  }
}

/// The map of 256 numbers in which bytes stand for scales: many near zero, few near ±1.
///
/// For i from 0 to 6 the 2^i midpoints of equal steps from 0.1 to 1, times 10^(i-6), with both signs; 0; and 1.
///
/// Source: Dettmers 2015, arXiv:1511.04561, as bitsandbytes builds it.
enum DynamicMap {
  static let numbers: [Float] = {
    let powers: [Float] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]
    let positive = powers.enumerated().flatMap { exponent, power in
      let edges = edges(1 << exponent)
      return zip(edges, edges.dropFirst()).map { power * (($0 + $1) / 2) }
    }
    return (positive + positive.map { -$0 } + [0, 1]).sorted()
  }()

  /// Equal steps from 0.1 to 1, counted from the nearer end and rounded once, as libtorch's own do.
  private static func edges(_ count: Int) -> [Float] {
    let low: Float = 0.1
    let step = (1 - low) / Float(count)
    return (0...count).map { place in
      place < (count + 1) / 2
        ? low.addingProduct(step, Float(place))
        : Float(1).addingProduct(-step, Float(count - place))
    }
  }

  static func tensor(device: Device) -> Tensor { Tensor(numbers, device: device) }

  /// Places of `values`, float32 `[n]`, relative to the largest magnitude of each block.
  static func quantize(
    _ values: Tensor, _ map: Tensor, blockSize: Int
  ) -> (codes: Tensor, scales: Tensor) {
    var scales: ct_tensor?
    let codes = produce("bytes of \(values.shape)") {
      ct_map_quantize(values.pointer, map.pointer, Int64(blockSize), $0, &scales)
    }
    return (codes, scales.map(Tensor.init(owning:)) ?? .empty)
  }
}
