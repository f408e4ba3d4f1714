// SPDX-License-Identifier: Apache-2.0
import CTorch
public import Foundation

/// A safetensors file, mapped into memory: tensors are views of the file until they are converted or copied.
///
/// Layout: u64 little-endian n, n bytes of JSON, then the data; offsets count from the start of the data.
public final class SafetensorsFile: TensorSource {
  /// Where a tensor stands in the file.
  private struct Entry {
    let type: ElementType
    let shape: [Int]
    let range: Range<Int>
  }

  /// The file's `__metadata__`.
  public let metadata: [String: String]
  /// Tensor names, sorted.
  public let names: [String]
  private let entries: [String: Entry]
  private let mapping: FileMapping
  private let dataStart: Int
  private let path: String

  private static let headerLimit = 100_000_000
  /// Dimensions that libtorch's operations take.
  private static let rankLimit = 64
  private static let types: [String: ElementType] = [
    "F64": .float64, "F32": .float32, "BF16": .bfloat16, "F16": .float16, "I64": .int64,
    "I32": .int32,
    "I16": .int16, "I8": .int8, "U8": .uint8, "BOOL": .bool,
  ]

  /// Maps and checks a file.
  ///
  /// - Throws: ``SafetensorsError`` where the file is missing, cut off, or contradicts itself.
  public init(_ url: URL) throws {
    path = url.path
    let mapping = try FileMapping(path: url.path)
    self.mapping = mapping
    guard mapping.count >= 8 else {
      throw SafetensorsError.truncated(path: path, expected: 8, found: mapping.count)
    }
    let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(mapping.base[$1]) << (8 * UInt64($1)) }
    guard length <= UInt64(Self.headerLimit) else {
      throw SafetensorsError.badHeader(
        path: path,
        reason: "it announces a header of \(length) bytes; at most \(Self.headerLimit) are allowed")
    }
    dataStart = 8 + Int(length)
    guard mapping.count >= dataStart else {
      throw SafetensorsError.truncated(path: path, expected: dataStart, found: mapping.count)
    }
    let header = Data(bytes: mapping.base + 8, count: Int(length))
    (entries, metadata) = try Self.parse(header, path: path)
    names = entries.keys.sorted()
    try Self.checkLayout(
      entries, dataCount: mapping.count - dataStart, path: path, start: dataStart)
  }

  private static func parse(_ header: Data, path: String) throws -> (
    [String: Entry], [String: String]
  ) {
    let object: Any
    do {
      object = try JSONSerialization.jsonObject(with: header)
    } catch {
      throw SafetensorsError.badHeader(path: path, reason: "its header is no JSON")
    }
    guard let fields = object as? [String: Any] else {
      throw SafetensorsError.badHeader(path: path, reason: "its header is no JSON object")
    }
    var entries: [String: Entry] = [:]
    for (name, value) in fields where name != "__metadata__" {
      guard let fields = value as? [String: Any], let code = fields["dtype"] as? String,
        let shape = fields["shape"] as? [Int], let offsets = fields["data_offsets"] as? [Int],
        offsets.count == 2
      else {
        throw SafetensorsError.badTensor(
          path: path, name: name, reason: "its entry needs dtype, shape and data_offsets")
      }
      guard let type = types[code] else {
        throw SafetensorsError.badTensor(
          path: path, name: name,
          reason:
            "element type \(code) is not supported; convert it to one of \(types.keys.sorted().joined(separator: ", "))"
        )
      }
      guard offsets[0] >= 0, offsets[0] <= offsets[1], shape.allSatisfy({ $0 >= 0 }) else {
        throw SafetensorsError.badTensor(
          path: path, name: name, reason: "impossible shape \(shape) or offsets \(offsets)")
      }
      entries[name] = Entry(type: type, shape: shape, range: offsets[0]..<offsets[1])
    }
    return (entries, fields["__metadata__"] as? [String: String] ?? [:])
  }

  /// Every byte of the data belongs to exactly one tensor, and each tensor has the bytes its shape needs.
  private static func checkLayout(
    _ entries: [String: Entry], dataCount: Int, path: String, start: Int
  ) throws {
    var position = 0
    for (name, entry) in entries.sorted(by: {
      ($0.value.range.lowerBound, $0.value.range.upperBound) < (
        $1.value.range.lowerBound, $1.value.range.upperBound
      )
    }) {
      let needed = try byteCount(entry, name, path)
      guard entry.range.count == needed else {
        throw SafetensorsError.badTensor(
          path: path, name: name,
          reason:
            "shape \(entry.shape) of \(entry.type) needs \(needed) bytes, the offsets hold \(entry.range.count)"
        )
      }
      guard entry.range.lowerBound == position else {
        throw SafetensorsError.badTensor(
          path: path, name: name,
          reason: "its data begins at \(entry.range.lowerBound), the one before ends at \(position)"
        )
      }
      position = entry.range.upperBound
    }
    guard dataCount >= position else {
      throw SafetensorsError.truncated(
        path: path, expected: start + position, found: start + dataCount)
    }
    guard dataCount == position else {
      throw SafetensorsError.badHeader(
        path: path, reason: "\(dataCount - position) bytes at the end belong to no tensor")
    }
  }

  /// The bytes a shape needs. Sizes beside a 0 are held to the same bounds: libtorch multiplies them for its strides.
  private static func byteCount(_ entry: Entry, _ name: String, _ path: String) throws -> Int {
    var extent = entry.type.byteCount
    var isLarge = entry.shape.count > rankLimit
    for size in entry.shape where !isLarge {
      (extent, isLarge) = extent.multipliedReportingOverflow(by: max(size, 1))
    }
    guard !isLarge else {
      throw SafetensorsError.badTensor(
        path: path, name: name, reason: "shape \(entry.shape.prefix(8)) is too large")
    }
    return entry.shape.contains(0) ? 0 : extent
  }

  /// The shape under a name; nil where there is none.
  public func shape(of name: String) -> [Int]? { entries[name]?.shape }

  /// The element type stored for a name.
  public func elementType(of name: String) -> ElementType? { entries[name]?.type }

  /// The tensor under a name; nil where there is none.
  public func tensor(_ name: String) throws -> Tensor? {
    guard let entry = entries[name] else { return nil }
    let address = mapping.base + dataStart + entry.range.lowerBound
    let sizes = entry.shape.map(Int64.init)
    guard Int(bitPattern: address) % entry.type.byteCount == 0 else {
      return produce("read \(name)") {
        ct_from_bytes(
          address, Int64(entry.range.count), sizes, Int64(sizes.count), entry.type.rawValue, 0, 0,
          $0)
      }
    }
    let owner = Unmanaged.passRetained(mapping)
    return produce("map \(name)") {
      ct_from_memory(
        UnsafeMutableRawPointer(mutating: address), sizes, Int64(sizes.count), entry.type.rawValue,
        { context in context.map { Unmanaged<FileMapping>.fromOpaque($0).release() } },
        owner.toOpaque(), $0)
    }
  }
}
