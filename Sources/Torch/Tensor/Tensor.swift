// SPDX-License-Identifier: Apache-2.0
import CTorch

/// A multi-dimensional array of numbers that behaves as a value.
///
/// No public operation changes a tensor in place, so views may share memory. Operations on arguments that do not
/// fit together stop the program with a sentence (see ``withTensorErrors(_:)`` for servers). Not `Sendable`: a
/// tensor belongs to the thread that computes with it.
///
/// Shapes are written with the letters **B** batch, **T** tokens, **V** vocabulary, **D** width, **H** heads,
/// **K** head width.
public struct Tensor {
  /// Owns the native tensor; frees it with the last reference.
  final class Handle {
    let pointer: ct_tensor
    init(_ pointer: ct_tensor) { self.pointer = pointer }
    deinit { ct_tensor_free(pointer) }
  }

  let handle: Handle

  init(owning pointer: ct_tensor) { handle = Handle(pointer) }

  var pointer: ct_tensor { handle.pointer }

  /// Sizes along each axis; empty for a scalar.
  public var shape: [Int] {
    (0..<Int(ct_rank(pointer))).map { Int(ct_size(pointer, Int64($0))) }
  }

  /// Count of axes.
  public var rank: Int { Int(ct_rank(pointer)) }

  /// Count of elements.
  public var elementCount: Int { Int(ct_element_count(pointer)) }

  /// The size along one axis; negative axes count from the last.
  public func size(_ axis: Int) -> Int {
    let index = axis < 0 ? axis + rank : axis
    guard index >= 0 && index < rank else {
      requireArguments(false, "size", "axis \(axis) of a tensor of shape \(shape)")
      return 0
    }
    return Int(ct_size(pointer, Int64(index)))
  }

  /// The type of the elements.
  public var elementType: ElementType { ElementType(rawValue: ct_dtype(pointer)) ?? .float32 }

  /// Where the elements live.
  public var device: Device {
    Device(
      Device.Kind(rawValue: ct_device_type(pointer)) ?? .cpu, index: Int(ct_device_index(pointer)))
  }

  /// Whether two values are one tensor, not merely equal numbers.
  package func isSame(as other: Tensor) -> Bool { handle === other.handle }

  /// Tensor handles alive in the process, for leak tests.
  public static var liveCount: Int { Int(ct_live_handles()) }
}

/// Calls a shim function that produces one tensor; inside an error scope a failure gives an empty tensor.
@inline(__always)
func produce(
  _ operation: @autoclosure () -> String, _ body: (UnsafeMutablePointer<ct_tensor?>) -> ct_status
) -> Tensor {
  var result: ct_tensor?
  let status = body(&result)
  if status == CT_OK, let result { return Tensor(owning: result) }
  check(status == CT_OK ? ct_status(CT_ERROR) : status, operation())
  return Tensor.empty
}

extension Tensor {
  /// What failed operations give inside ``withTensorErrors(_:)``: a float32 tensor of shape `[0]`.
  static var empty: Tensor {
    var result: ct_tensor?
    var shape: Int64 = 0
    _ = ct_empty(&shape, 1, ElementType.float32.rawValue, 0, 0, &result)
    guard let result else { fatalError("no memory for an empty tensor") }
    return Tensor(owning: result)
  }
}

extension Tensor: CustomStringConvertible {
  /// Shape and type, with the elements of small tensors.
  public var description: String {
    let head = "Tensor(\(shape), \(elementType))"
    guard elementCount <= 16, elementType.isFloatingPoint else { return head }
    return "\(head) \(array(of: Double.self))"
  }
}
