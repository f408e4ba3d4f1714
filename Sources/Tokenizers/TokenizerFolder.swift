// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The files of a tokenizer in a model folder.
struct TokenizerFolder {
  let url: URL

  /// The contents of a file as text; nil where there is no such file.
  func text(_ name: String) throws -> String? {
    try data(name).map { String(decoding: $0, as: UTF8.self) }
  }

  /// A JSON file; nil where there is no such file.
  func json(_ name: String) throws -> JSONField? {
    try data(name).map { try Self.parse($0, file: url.appending(path: name).path) }
  }

  /// Parses the contents of a JSON file.
  static func parse(_ data: Data, file: String) throws -> JSONField {
    JSONField(try JSONReader.parse(Array(data), file: file), file: file)
  }

  func create() throws {
    try attempt(url) {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    let place = url.appending(path: name)
    try attempt(place) { try Data(bytes).write(to: place, options: .atomic) }
  }

  func remove(_ name: String) throws {
    let place = url.appending(path: name)
    try attempt(place) { try FileManager.default.removeItem(at: place) }
  }

  private func data(_ name: String) throws -> Data? {
    let place = url.appending(path: name)
    guard FileManager.default.fileExists(atPath: place.path) else { return nil }
    return try attempt(place) { try Data(contentsOf: place) }
  }

  private func attempt<Result>(_ place: URL, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      throw TokenizerError.fileFailure(path: place.path, reason: error.localizedDescription)
    }
  }
}
