// SPDX-License-Identifier: Apache-2.0
import Foundation
import Torch

/// A value in one of the JSON files that Fixtures/make_fixtures.py wrote.
struct Fixture {
  private let value: Any

  private init(value: Any) { self.value = value }

  /// Reads a file of the folder Fixtures.
  init(_ name: String) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    value = try JSONSerialization.jsonObject(
      with: Data(contentsOf: folder.appending(path: name)))
  }

  /// A field of an object; a missing one is null.
  subscript(_ key: String) -> Fixture {
    Fixture(value: (value as? [String: Any])?[key] ?? NSNull())
  }

  var list: [Fixture] { (value as? [Any] ?? []).map(Fixture.init(value:)) }
  var number: Double { (value as? NSNumber)?.doubleValue ?? .nan }
  var text: String { value as? String ?? "" }

  /// Nested lists of numbers, row major; empty for null.
  var numbers: [Double] {
    list.isEmpty ? (value as? NSNumber).map { [$0.doubleValue] } ?? [] : list.flatMap(\.numbers)
  }

  /// Nested lists of numbers as a float64 tensor.
  var tensor: Tensor { Tensor(numbers, shape: shape) }

  private var shape: [Int] { list.first.map { [list.count] + $0.shape } ?? [] }
}

/// A folder of a test's own, removed with this object.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "attune-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String) -> URL { url.appending(path: name) }

  /// The names in the folder, sorted.
  var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: url.path).sorted()) ?? []
  }
}
