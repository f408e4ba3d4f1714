// SPDX-License-Identifier: Apache-2.0
import CTorch

/// The type of a tensor's elements.
public enum ElementType: Int32, Sendable, CaseIterable {
  case float32 = 0
  case float64, bfloat16, float16, int64, int32, int16, int8, uint8, bool

  /// Bytes an element takes.
  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .bfloat16, .float16, .int16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Whether elements are floating-point numbers.
  public var isFloatingPoint: Bool {
    switch self {
    case .float32, .float64, .bfloat16, .float16: true
    default: false
    }
  }
}

/// A Swift type whose values can be copied into and out of tensors.
public protocol TensorElement: Sendable {
  /// The element type of a tensor made from an array of these.
  static var elementType: ElementType { get }
}

extension Float: TensorElement {
  /// The matching element type.
  public static var elementType: ElementType { .float32 }
}
extension Double: TensorElement {
  /// The matching element type.
  public static var elementType: ElementType { .float64 }
}
extension Int: TensorElement {
  /// The matching element type.
  public static var elementType: ElementType { .int64 }
}
extension Int32: TensorElement {
  /// The matching element type.
  public static var elementType: ElementType { .int32 }
}
extension UInt8: TensorElement {
  /// The matching element type.
  public static var elementType: ElementType { .uint8 }
}
extension Bool: TensorElement {
  /// The matching element type.
  public static var elementType: ElementType { .bool }
}

/// Where a tensor lives and its operations run.
public struct Device: Sendable, Equatable, CustomStringConvertible {
  /// The kinds of device libtorch may have been built for.
  public enum Kind: Int32, Sendable, CaseIterable {
    case cpu = 0
    case cuda, mps
  }

  /// The kind of device.
  public let kind: Kind
  /// Which of several devices of the kind, from 0.
  public let index: Int

  /// Names a device; it need not exist on this machine.
  public init(_ kind: Kind, index: Int = 0) {
    self.kind = kind
    self.index = index
  }

  /// The processor.
  public static let cpu = Device(.cpu)

  /// Reads "cpu", "cuda", "cuda:1" or "mps"; nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let kinds: [Substring: Kind] = ["cpu": .cpu, "cuda": .cuda, "mps": .mps]
    guard let kind = parts.first.flatMap({ kinds[$0] }), parts.count <= 2 else { return nil }
    let index = parts.count == 2 ? Int(parts[1]) : 0
    guard let index, index >= 0 else { return nil }
    self.init(kind, index: index)
  }

  /// Whether this build of libtorch and this machine have the device.
  public var isAvailable: Bool { ct_device_available(kind.rawValue) }

  /// The error or value in words.
  public var description: String { index == 0 ? "\(kind)" : "\(kind):\(index)" }

  /// Waits until the device has finished the work given to it.
  public func synchronize() { check(ct_synchronize(kind.rawValue), "synchronize") }
}
