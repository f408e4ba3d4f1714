// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a safetensors file.
public enum SafetensorsError: Error, Equatable, CustomStringConvertible {
  /// The file cannot be opened or read.
  case unreadable(path: String, reason: String)
  /// The file ends before its header or its data do.
  case truncated(path: String, expected: Int, found: Int)
  /// The header is not what the format says.
  case badHeader(path: String, reason: String)
  /// One tensor's entry contradicts itself or its neighbours.
  case badTensor(path: String, name: String, reason: String)
  /// The file could not be written; nothing was left behind.
  case unwritable(path: String, reason: String)

  /// The error or value in words.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
    case .truncated(let path, let expected, let found):
      "\(path): the file is cut off: \(expected) bytes expected, \(found) found; copy or download it again"
    case .badHeader(let path, let reason): "\(path): not a safetensors file: \(reason)"
    case .badTensor(let path, let name, let reason): "\(path): tensor '\(name)': \(reason)"
    case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
    }
  }
}
