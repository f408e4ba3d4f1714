// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A value in the file that Fixtures/make_named.py wrote.
struct NamedFixture {
  private let value: Any

  private init(value: Any) { self.value = value }

  init() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/named.json")
    value = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
  }

  subscript(_ key: String) -> NamedFixture {
    NamedFixture(value: (value as? [String: Any])?[key] ?? NSNull())
  }

  var list: [NamedFixture] { (value as? [Any] ?? []).map(NamedFixture.init(value:)) }

  /// Not a number where there is none, so that comparisons fail.
  var number: Double { (value as? NSNumber)?.doubleValue ?? .nan }

  var numbers: [Double] { list.map(\.number) }
}
