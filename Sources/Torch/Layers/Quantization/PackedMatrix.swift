// SPDX-License-Identifier: Apache-2.0
import CTorch

/// A matrix in bfloat16, laid out once as the processor's matrix unit reads it.
///
/// Its products are those of the plain matrix bit for bit, and take about half the time where few rows go in: the plain
/// matrix is laid out anew for each. For decoding; a gradient does not pass.
public struct PackedMatrix: QuantizedMatrix {
  /// `[out, in]`, opaque.
  let packed: Tensor

  /// Lays out a matrix `[out, in]`, rounded to bfloat16.
  public init(_ dense: Tensor) {
    let narrow = dense.detached().to(.bfloat16)
    packed = produce("packing of \(dense.shape)") { ct_pack_matrix(narrow.pointer, $0) }
  }

  init(packed: Tensor) { self.packed = packed }

  /// Whether matrices can be packed on a device, by the libtorch at hand.
  public static func isAvailable(on device: Device) -> Bool { device == .cpu && ct_can_pack() }

  /// Whether models on a device compute products in bfloat16: their own type, or autocast's now.
  package static func fits(_ elementType: ElementType, on device: Device) -> Bool {
    isAvailable(on: device)
      && (elementType == .bfloat16
        || ct_autocast_dtype(device.kind.rawValue) == ElementType.bfloat16.rawValue)
  }

  /// `[out, in]`.
  public var shape: [Int] { packed.shape }

  /// The opaque tensor.
  public func parts(named name: String) -> NamedTensors { [(name, packed)] }

  /// The plain matrix, `[out, in]`.
  public func dense(_ elementType: ElementType) -> Tensor {
    produce("unpacking of \(shape)") { ct_unpack_matrix(packed.pointer, $0) }.to(elementType)
  }

  /// x Wᵀ + b, in bfloat16.
  public func product(_ x: Tensor, bias: Tensor?) -> Tensor {
    produce("linear of \(x.shape) by packed \(shape)") {
      ct_packed_linear(x.pointer, packed.pointer, bias?.pointer, $0)
    }
  }

  /// Where it is.
  public var device: Device { .cpu }

  /// The same on another device, where it is a plain matrix's concern; packed ones stay.
  public func to(_ device: Device) -> any QuantizedMatrix { self }
}

extension Tensor {
  /// Whether this is the opaque tensor of a ``PackedMatrix``.
  package var isPacked: Bool { ct_is_packed(pointer) }
}
