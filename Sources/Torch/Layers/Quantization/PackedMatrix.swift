// SPDX-License-Identifier: Apache-2.0
import CTorch

/// A matrix in bfloat16, laid out once as the processor reads it.
///
/// Its products are those of the plain matrix, and take about half the time where few rows go in: the plain matrix is laid
/// out anew for each. For decoding; a gradient does not pass.
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
  public var shape: [Int] {
    // In the layout for few rows a number stands for two.
    packed.elementType == .int32 ? [packed.size(0), 2 * packed.size(1)] : packed.shape
  }

  /// The opaque tensor.
  public func parts(named name: String) -> NamedTensors { [(name, packed)] }

  /// The plain matrix, `[out, in]`.
  public func dense(_ elementType: ElementType) -> Tensor {
    produce("unpacking of \(shape)") { ct_unpack_matrix(packed.pointer, $0) }.to(elementType)
  }

  /// x Wᵀ + b, in bfloat16.
  public func product(_ x: Tensor, bias: Tensor?) -> Tensor {
    product(x, bias: bias, residual: nil)
  }

  /// x Wᵀ + b rounded to bfloat16, added to the residual where there is one, in the residual's type.
  func product(_ x: Tensor, bias: Tensor?, residual: Tensor?) -> Tensor {
    produce("linear of \(x.shape) by packed \(shape)") {
      ct_packed_linear(x.pointer, packed.pointer, bias?.pointer, residual?.pointer, $0)
    }
  }

  /// Several products of one input in one call; nil where the layout is not the one for that.
  static func products(_ x: Tensor, _ maps: [(matrix: PackedMatrix, bias: Tensor?)]) -> [Tensor]? {
    guard maps.allSatisfy({ ct_is_packed_for_tokens($0.matrix.packed.pointer) }) else { return nil }
    var outs = [ct_tensor?](repeating: nil, count: maps.count)
    check(
      ct_packed_linears(
        x.pointer, maps.map(\.matrix.packed.pointer), maps.map { $0.bias?.pointer },
        Int64(maps.count), &outs),
      "linear of \(x.shape) by \(maps.count) packed matrices")
    return outs.map { $0.map(Tensor.init(owning:)) ?? .empty }
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
