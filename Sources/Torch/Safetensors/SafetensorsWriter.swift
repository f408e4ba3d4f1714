// SPDX-License-Identifier: Apache-2.0
public import Foundation

/// Writes tensors to a safetensors file: beside its final place first, then renamed, so that no half file remains.
public enum SafetensorsWriter {
  private static let codes: [ElementType: String] = [
    .float64: "F64", .float32: "F32", .bfloat16: "BF16", .float16: "F16", .int64: "I64",
    .int32: "I32",
    .int16: "I16", .int8: "I8", .uint8: "U8", .bool: "BOOL",
  ]

  /// Writes `tensors`, ordered by element size and name, with `format: pt` in the metadata.
  ///
  /// - Throws: ``SafetensorsError/unwritable(path:reason:)`` (a full disk, no permission); an older file stays.
  public static func write(
    _ tensors: NamedTensors, to url: URL, metadata: [String: String] = [:]
  ) throws {
    let ordered = tensors.sorted {
      ($1.tensor.elementType.byteCount, $0.name) < ($0.tensor.elementType.byteCount, $1.name)
    }
    let header = try headerData(ordered, metadata)
    let temporary = url.appendingPathExtension("partial-\(UUID().uuidString.prefix(8))")
    guard FileManager.default.createFile(atPath: temporary.path, contents: nil) else {
      throw SafetensorsError.unwritable(path: url.path, reason: String(cString: strerror(errno)))
    }
    do {
      let file = try FileHandle(forWritingTo: temporary)
      defer { try? file.close() }
      try file.write(contentsOf: header)
      for (_, tensor) in ordered { try file.write(contentsOf: Data(tensor.rawBytes())) }
      try file.synchronize()
      guard rename(temporary.path, url.path) == 0 else {
        throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
      }
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      throw SafetensorsError.unwritable(path: url.path, reason: reason(of: error))
    }
  }

  private static func headerData(_ tensors: NamedTensors, _ metadata: [String: String]) throws
    -> Data
  {
    var fields: [String: Any] = [
      "__metadata__": metadata.merging(["format": "pt"]) { given, _ in given }
    ]
    var position = 0
    for (name, tensor) in tensors {
      let end = position + tensor.elementCount * tensor.elementType.byteCount
      fields[name] = [
        "dtype": codes[tensor.elementType] ?? "F32", "shape": tensor.shape,
        "data_offsets": [position, end],
      ]
      position = end
    }
    var json = try JSONSerialization.data(
      withJSONObject: fields, options: [.sortedKeys, .withoutEscapingSlashes])
    // Spaces bring the data to a multiple of 64 bytes, so that mapped tensors are aligned.
    let padding = (64 - (8 + json.count) % 64) % 64
    json.append(contentsOf: [UInt8](repeating: 0x20, count: padding))
    var length = UInt64(json.count).littleEndian
    return Data(bytes: &length, count: 8) + json
  }

  private static func reason(of error: any Error) -> String {
    if let error = error as? POSIXError { return String(cString: strerror(error.code.rawValue)) }
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    if let underlying, underlying.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(underlying.code)))
    }
    return error.localizedDescription
  }
}
