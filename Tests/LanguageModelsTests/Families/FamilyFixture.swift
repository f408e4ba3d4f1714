// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import Testing
import Torch

/// What transformers computed with a checkpoint of families/; see Fixtures/make_families.py.
struct ExpectedFamily: Decodable {
  struct Row: Decodable {
    var ids: [Int]
    /// `[T, V]`, row major.
    var logits: [Double]
  }

  struct Gradients: Decodable {
    var loss: Double
    var norms: [String: Double]
  }

  struct Long: Decodable {
    var ids: [Int]
    /// `[V]`, of the last token.
    var logits: [Double]
  }

  var rows: [Row]
  /// `[V]` a row, of its last token in a batch padded on the left.
  var left_padded: [[Double]]
  /// 64 tokens a row.
  var greedy: [[Int]]
  var gradients: Gradients
  /// Images, one a row, flattened.
  var pixels: [Double]?
  var long: Long?
}

/// What transformers computed with a sequence classifier of families/.
struct ExpectedClassifier: Decodable {
  var rows: [[Int]]
  /// `[C]` a row.
  var logits: [[Double]]
  var norms: [String: Double]
}

/// The checkpoints in families/.
enum FamilyFixture {
  static let vocabularyCount = 24
  /// What two orders of the same float32 operations may differ by. Float32 against float64 here differs by up to 9e-6
  /// (llava_siglip; 5e-6 for the others), float64 here from float32 in transformers by up to 5e-6.
  static let tolerance = 2e-5
  /// Models that read texts alone.
  static let texts = [
    "gpt2", "gpt_neox", "gpt_neox_sequential", "mistral", "qwen2", "qwen3", "phi3", "gemma2",
    "gemma3", "gemma3_multimodal",
  ]
  /// Models that read images too.
  static let images = ["llava_clip", "llava_siglip"]
  static let classifiers = [
    "gpt2", "gpt_neox", "mistral", "qwen2", "qwen3", "phi3", "gemma2", "gemma3",
  ].map { "\($0)_classifier" }

  static func folder(_ name: String) -> URL { Fixture.root.appending(path: "families/\(name)") }

  static func expected<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    try JSONDecoder().decode(
      type, from: Data(contentsOf: folder(name).appending(path: "expected.json")))
  }

  static func expected(_ name: String) throws -> ExpectedFamily {
    try expected(name, as: ExpectedFamily.self)
  }

  static func model(_ name: String) throws -> any LanguageModel {
    try ModelFolder(folder(name)).languageModel()
  }

  /// Runs `body` with a writable copy of a checkpoint.
  static func withCopy<Result>(of name: String, _ body: (URL) throws -> Result) throws -> Result {
    try withTemporaryFolder { parent in
      let copy = parent.appending(path: name)
      try FileManager.default.copyItem(at: folder(name), to: copy)
      return try body(copy)
    }
  }

  /// Rewrites the weights of a folder under other names; nil drops one.
  static func rename(
    _ folder: URL, adding extras: NamedTensors = [], _ name: (String) -> String?
  ) throws {
    let file = folder.appending(path: "model.safetensors")
    let source = try SafetensorsFile(file)
    let renamed: NamedTensors = try source.names.compactMap { stored in
      guard let new = name(stored) else { return nil }
      return (new, try #require(try source.tensor(stored)).copy())
    }
    try SafetensorsWriter.write(renamed + extras, to: file)
  }
}

extension ExpectedFamily {
  /// All rows, padded on the right with a token.
  func padded(with token: Int) -> [[Int]] {
    let width = rows.map(\.ids.count).max() ?? 0
    return rows.map { $0.ids + [Int](repeating: token, count: width - $0.ids.count) }
  }

  /// Images `[I, 3, S, S]`, one a row.
  func images() throws -> Tensor {
    let pixels = try #require(pixels)
    let size = Int((Double(pixels.count / rows.count / 3)).squareRoot().rounded())
    return Tensor(pixels, shape: [rows.count, 3, size, size]).to(.float32)
  }
}
