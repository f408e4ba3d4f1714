// SPDX-License-Identifier: Apache-2.0
import CTorch

/// A matrix of whole numbers from -127 to 127, one scale a row: w = q · max|row| / 127.
///
/// Source: Dettmers et al. 2022, arXiv:2208.07339, section 2 (vector-wise quantisation of the weights).
///
/// Departures from the paper: the input of a product stays as it is, so there are no outlier columns to treat apart.
public struct Int8Matrix: QuantizedMatrix {
  let codes: Tensor
  let scales: Tensor

  /// Quantises a matrix `[out, in]`.
  public init(_ dense: Tensor) {
    var scales: ct_tensor?
    codes = produce("int8 of \(dense.shape)") {
      ct_int8_quantize(dense.pointer, $0, &scales)
    }
    self.scales = scales.map(Tensor.init(owning:)) ?? .empty
  }

  init(codes: Tensor, scales: Tensor) {
    self.codes = codes
    self.scales = scales
  }

  /// Reads the matrix that a source keeps under `name`, with its scales beside it.
  ///
  /// - Throws: ``WeightsError``.
  init(reading name: String, codes: Tensor, from source: any TensorSource, isShared: Bool) throws {
    let scaleName = Self.neighbour(of: name, QuantizedNames.int8Scale)
    guard let scales = try source.tensor(scaleName) else {
      throw WeightsError.missing(names: [scaleName])
    }
    guard scales.elementCount == codes.size(0), scales.elementType.isFloatingPoint else {
      throw WeightsError.badQuantization(
        name: scaleName,
        reason:
          "it holds \(scales.elementCount) \(scales.elementType), expected \(codes.size(0)) numbers"
      )
    }
    self.init(
      codes: isShared ? codes : codes.detached().copy(),
      scales: isShared ? scales : scales.detached().reshaped([-1]).copy().to(.float32))
  }

  /// `a.b.weight` to `a.b.SCB`.
  static func neighbour(of name: String, _ part: String) -> String {
    (name.split(separator: ".").dropLast().map(String.init) + [part]).joined(separator: ".")
  }

  /// `[out, in]`.
  public var shape: [Int] { codes.shape }

  /// The whole numbers, and beside them the scales and a mark that they are laid out row by row.
  public func parts(named name: String) -> NamedTensors {
    [
      (name, codes), (Self.neighbour(of: name, QuantizedNames.int8Scale), scales),
      (Self.neighbour(of: name, QuantizedNames.int8Format), Tensor([UInt8(0)], shape: [])),
    ]
  }

  /// The numbers the matrix stands for, `[out, in]`.
  public func dense(_ elementType: ElementType) -> Tensor {
    produce("dense int8 of \(shape)") {
      ct_int8_dequantize(codes.pointer, scales.pointer, elementType.rawValue, $0)
    }
  }

  /// x Wᵀ + b.
  public func product(_ x: Tensor, bias: Tensor?) -> Tensor {
    produce("linear of \(x.shape) by int8 of \(shape)") {
      ct_int8_linear(x.pointer, codes.pointer, scales.pointer, bias?.pointer, $0)
    }
  }

  /// Where it is.
  public var device: Device { codes.device }

  /// The same on another device.
  public func to(_ device: Device) -> any QuantizedMatrix {
    Int8Matrix(codes: codes.to(device), scales: scales.to(device))
  }
}
