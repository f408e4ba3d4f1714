// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import Torch

@testable import LanguageModels

/// What PEFT computed with an adapter; see Fixtures/make_adapter_fixtures.py.
struct AdapterExpected: Decodable {
  struct Row: Decodable {
    var ids: [Int]
    var logits: [Double]
  }
  struct Gradients: Decodable {
    var loss: Double
    var norms: [String: Double]
  }

  var base: String
  var rows: [Row]
  var gradients: Gradients?

  static func read(_ folder: String) throws -> AdapterExpected {
    let file = Fixture.root.appending(path: "\(folder)/expected.json")
    return try JSONDecoder().decode(AdapterExpected.self, from: Data(contentsOf: file))
  }
}

/// Adapters that PEFT wrote.
enum AdapterFixture {
  /// Those on language models.
  static let names = [
    "lora", "rslora", "dora", "saved", "saved_tied", "head_tied", "patterns", "one_layer", "regex",
    "bias_all", "bias_adapted", "gpt2", "gpt_neox", "phi3", "qwen3", "gemma2", "llava",
  ]

  static func folder(_ name: String) -> URL { Fixture.root.appending(path: "adapters/\(name)") }

  static func open(_ name: String) throws -> AdaptedModel {
    try #require(try ModelFolder(folder(name)).languageModel() as? AdaptedModel)
  }

  /// A fresh adapter on a checkpoint.
  static func fresh(
    on base: String = "biased", seed: UInt64 = 3,
    _ change: (inout AdapterConfiguration) -> Void = { _ in }
  ) throws -> AdaptedModel {
    var configuration = AdapterConfiguration()
    configuration.rank = 4
    configuration.alpha = 8
    configuration.dropout = 0
    configuration.baseName = base
    change(&configuration)
    return try AdaptedModel(
      try Fixture.model(base), configuration, generator: Generator(seed: seed))
  }

  /// Moves every trained tensor away from where it started.
  static func shake(_ model: AdaptedModel, seed: UInt64 = 17) {
    for (index, (_, tensor)) in model.parameters.enumerated() {
      let noise = Generator(seed: seed &+ UInt64(index)).normal(
        deviation: 0.3, shape: tensor.shape)
      tensor.copyInPlace(from: tensor + noise)
    }
  }
}

/// Runs `body` with a copy of an adapter's folder, whose base is found from there.
func withAdapterCopy<Result>(_ name: String, _ body: (URL) throws -> Result) throws -> Result {
  try withTemporaryFolder { parent in
    let base = try AdapterExpected.read("adapters/\(name)").base
    let folder = parent.appending(path: "copy")
    try FileManager.default.copyItem(at: AdapterFixture.folder(name), to: folder)
    try FileManager.default.copyItem(at: Fixture.folder(base), to: parent.appending(path: base))
    return try body(folder)
  }
}

/// Changes `adapter_config.json`; nil removes a field.
func editAdapter(_ folder: URL, _ changes: [String: Any?]) throws {
  let file = folder.appending(path: "adapter_config.json")
  var values = try readJSON(file)
  for (key, value) in changes { values[key] = value }
  try JSONSerialization.data(withJSONObject: values).write(to: file)
}
