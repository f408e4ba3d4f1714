// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import Torch

/// What transformers computed for one row; see Fixtures/make_fixtures.py.
struct ExpectedRow: Decodable {
  var ids: [Int]
  /// `[T, V]`, row major.
  var logits: [Double]
  var tokenLogProbs: [Double]
  /// The next 20 tokens, where they fit the position range.
  var greedy: [Int]?
}

/// The numbers beside a checkpoint.
struct Expected: Decodable {
  struct Gradients: Decodable {
    var loss: Double
    var norms: [String: Double]
    var samples: [String: [Double]]
  }

  var vocabulary: Int
  var rows: [ExpectedRow]
  var gradientRows: [[Int]]
  var gradients: Gradients
}

/// Checkpoints and numbers that Fixtures/make_fixtures.py made with transformers.
enum Fixture {
  /// Checkpoints with a language head.
  static let names = ["tied", "biased", "llama3", "linear", "dynamic", "yarn"]
  static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

  static func folder(_ name: String) -> URL { root.appending(path: name) }

  static func decode<Value: Decodable>(_ path: String, as type: Value.Type) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(contentsOf: root.appending(path: path)))
  }

  /// Names of weights have underscores that the key conversion would change, so these are read plainly.
  static func expected(_ name: String) throws -> Expected {
    let data = try Data(contentsOf: root.appending(path: "\(name)/expected.json"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .custom { path in
      let key = path[path.count - 1].stringValue
      let renamed = ["token_log_probs": "tokenLogProbs", "gradient_rows": "gradientRows"]
      return PlainKey(stringValue: renamed[key] ?? key)
    }
    return try decoder.decode(Expected.self, from: data)
  }

  static func model(_ name: String) throws -> any LanguageModel {
    try ModelFolder(folder(name)).languageModel()
  }
}

struct PlainKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

/// Runs `body` with a folder of its own, removed afterwards.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "attune-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

/// Runs `body` with a writable copy of a fixture's model.
func withCopy<Result>(of name: String, _ body: (URL) throws -> Result) throws -> Result {
  try withTemporaryFolder { parent in
    let folder = parent.appending(path: name)
    try FileManager.default.copyItem(at: Fixture.folder(name), to: folder)
    return try body(folder)
  }
}

/// The top object of a JSON file.
func readJSON(_ url: URL) throws -> [String: Any] {
  let object = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
  return object as? [String: Any] ?? [:]
}

/// Changes a folder's `config.json`; nil removes a field.
func editConfiguration(_ folder: URL, _ changes: [String: Any?]) throws {
  let file = folder.appending(path: "config.json")
  var values = try readJSON(file)
  for (key, value) in changes { values[key] = value }
  try JSONSerialization.data(withJSONObject: values).write(to: file)
}

extension LanguageModel {
  /// Logits `[B, T, V]` of rows of equal length, padded by the caller where need be.
  func logits(_ rows: [[Int]]) -> Tensor {
    withoutGrad { logits(states(Tensor(rows: rows), checkpointing: false)) }
  }

  /// Every parameter's numbers.
  var numbers: [String: [Float]] {
    Dictionary(parameters.map { ($0.name, $0.tensor.floats) }, uniquingKeysWith: { $1 })
  }
}

/// A row all of whose tokens but the first are targets.
func wholeRow(_ ids: [Int]) -> TokenRow {
  TokenRow(ids: ids, isTarget: [Bool](repeating: true, count: ids.count))
}
