// SPDX-License-Identifier: Apache-2.0
import CTorch

extension Tensor {
  /// Copies `elements`, row major, into a tensor of the given shape.
  ///
  /// - Parameters:
  ///   - elements: as many values as the shape has places.
  ///   - shape: sizes along each axis; nil means one axis.
  ///   - device: where the tensor shall live.
  public init<Element: TensorElement>(
    _ elements: [Element], shape: [Int]? = nil, device: Device = .cpu
  ) {
    let sizes = (shape ?? [elements.count]).map(Int64.init)
    self = elements.withUnsafeBytes { bytes in
      produce("tensor of \(elements.count) elements") {
        ct_from_bytes(
          bytes.baseAddress, Int64(bytes.count), sizes, Int64(sizes.count),
          Element.elementType.rawValue, device.kind.rawValue, Int32(device.index), $0)
      }
    }
  }

  /// A tensor of float32 numbers; the literal form tests and examples use.
  public init(_ elements: [Double], elementType: ElementType, device: Device = .cpu) {
    self = Tensor(elements, device: device).to(elementType)
  }

  /// Rows of equal length as a matrix `[rows, columns]`.
  public init<Element: TensorElement>(rows: [[Element]], device: Device = .cpu) {
    let width = rows.first?.count ?? 0
    precondition(
      rows.allSatisfy { $0.count == width },
      "tensor of rows: rows differ in length: \(rows.map(\.count))")
    self.init(rows.flatMap { $0 }, shape: [rows.count, width], device: device)
  }

  /// One number, shape `[]`.
  public init(
    _ value: Double, elementType: ElementType = .float32, device: Device = .cpu
  ) {
    self = Tensor.full(value, shape: [], elementType: elementType, device: device)
  }

  /// A tensor with the same number everywhere.
  public static func full(
    _ value: Double, shape: [Int], elementType: ElementType = .float32, device: Device = .cpu
  ) -> Tensor {
    let sizes = shape.map(Int64.init)
    return produce("full \(shape)") {
      ct_full(
        value, sizes, Int64(sizes.count), elementType.rawValue, device.kind.rawValue,
        Int32(device.index), $0)
    }
  }

  /// Zeros.
  public static func zeros(
    _ shape: [Int], elementType: ElementType = .float32, device: Device = .cpu
  ) -> Tensor { full(0, shape: shape, elementType: elementType, device: device) }

  /// Ones.
  public static func ones(
    _ shape: [Int], elementType: ElementType = .float32, device: Device = .cpu
  ) -> Tensor { full(1, shape: shape, elementType: elementType, device: device) }

  /// Zeros of this tensor's shape, type and device.
  public func zerosLike() -> Tensor { .zeros(shape, elementType: elementType, device: device) }

  /// The integers of a half-open range, `[count]`.
  public static func range(
    _ range: Range<Int>, elementType: ElementType = .int64, device: Device = .cpu
  ) -> Tensor {
    produce("range \(range)") {
      ct_arange(
        Int64(range.lowerBound), Int64(range.upperBound), elementType.rawValue,
        device.kind.rawValue,
        Int32(device.index), $0)
    }
  }

  /// The elements, row major, copied to the processor and converted.
  public func array<Element: TensorElement>(of type: Element.Type) -> [Element] {
    let source = to(Element.elementType)
    let count = source.elementCount
    return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      check(
        ct_copy_to_host(
          source.pointer, bytes.baseAddress, Int64(count * MemoryLayout<Element>.stride)), "array")
      initialized = count
    }
  }

  /// The elements as float32.
  public var floats: [Float] { array(of: Float.self) }
  /// The elements as float64.
  public var doubles: [Double] { array(of: Double.self) }
  /// The elements as integers; fractions are cut off.
  public var ints: [Int] { array(of: Int.self) }

  /// The only element of a one-element tensor; waits for the device.
  public var item: Double {
    var value = 0.0
    check(ct_item(pointer, &value), "item of a tensor of shape \(shape)")
    return value
  }

  /// The same numbers in another element type; itself where nothing changes.
  public func to(_ type: ElementType) -> Tensor {
    type == elementType ? self : produce("to \(type)") { ct_to_dtype(pointer, type.rawValue, $0) }
  }

  /// The same tensor on another device; itself where nothing changes.
  public func to(_ device: Device) -> Tensor {
    device == self.device
      ? self
      : produce("to \(device)") {
        ct_to_device(pointer, device.kind.rawValue, Int32(device.index), $0)
      }
  }

  /// The same elements laid out row major without gaps.
  public func contiguous() -> Tensor { produce("contiguous") { ct_contiguous(pointer, $0) } }

  /// A copy that shares no memory.
  public func copy() -> Tensor { produce("copy") { ct_clone(pointer, $0) } }

  /// Overwrites the elements; for optimizers, caches and checkpoints only.
  package func copyInPlace(from source: Tensor) {
    check(ct_copy_in_place(pointer, source.pointer), "copy in place \(shape) from \(source.shape)")
  }

  /// Moves the elements a share `weight` of the way to `source`; for moving averages.
  package func lerpInPlace(towards source: Tensor, weight: Double) {
    check(ct_lerp_in_place(pointer, source.pointer, weight), "lerp in place")
  }
}

extension Tensor {
  /// The elements' bytes, row major, little-endian.
  package func rawBytes() -> [UInt8] {
    let count = elementCount * elementType.byteCount
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      check(ct_copy_to_host(pointer, buffer.baseAddress, Int64(count)), "raw bytes")
      initialized = count
    }
  }
}
