// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import LanguageModels
import Tokenizers
import Torch

@testable import attune

/// Small random models with a byte-level tokenizer: `<|endoftext|>` is 0, bytes begin at 2.
enum TinyPolicy {
  /// Tokens of the vocabulary: two special ones and the bytes.
  static let vocabularyCount = 258

  static func tokenizer() throws -> Tokenizer {
    try BytePairTrainer(vocabularySize: vocabularyCount).train(on: ["a"])
  }

  static func model(seed: UInt64, maximumLength: Int) throws -> any LanguageModel {
    // Wide weights make distributions that are far from uniform.
    let shape = LlamaConfiguration(
      vocabularyCount: vocabularyCount, width: 16, hiddenWidth: 32, layerCount: 1, headCount: 2,
      maximumLength: maximumLength, initializerRange: 0.3)
    let configuration = try ModelConfiguration(shape, bosTokenID: 0, eosTokenID: 0, padTokenID: 1)
    return try ModelFolder.newLanguageModel(configuration, generator: Generator(seed: seed))
  }

  /// Writes a language model and returns its path.
  static func write(
    in folder: TemporaryFolder, _ name: String = "model", seed: UInt64 = 1,
    maximumLength: Int = 2048
  ) throws -> String {
    let url = folder.url.appending(path: name)
    try ModelFolder.save(
      model(seed: seed, maximumLength: maximumLength), tokenizer: tokenizer(), to: url)
    return url.path
  }

  /// Writes a language model of 100 tokens, fewer than its tokenizer has.
  static func writeSmall(to url: URL) throws {
    let shape = LlamaConfiguration(
      vocabularyCount: 100, width: 16, hiddenWidth: 32, layerCount: 1, headCount: 2,
      maximumLength: 2048, initializerRange: 0.3)
    let model = try ModelFolder.newLanguageModel(
      ModelConfiguration(shape, bosTokenID: 0, eosTokenID: 0, padTokenID: 1),
      generator: Generator(seed: 1))
    try ModelFolder.save(model, tokenizer: tokenizer(), to: url)
  }

  /// Writes a reward model and returns its path.
  static func writeRewardModel(
    in folder: TemporaryFolder, _ name: String = "reward", seed: UInt64 = 1
  ) throws -> String {
    let url = folder.url.appending(path: name)
    let model = ScalarHeadModel(
      trunk: try model(seed: seed, maximumLength: 2048), generator: Generator(seed: seed + 100))
    try ModelFolder.save(model, tokenizer: tokenizer(), to: url)
    return url.path
  }

  /// The checkpoints that LanguageModelsTests made with transformers.
  static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "LanguageModelsTests/Fixtures")
}

extension CommandResult {
  /// The rows of JSON Lines on standard output.
  var rows: [JSONObject] {
    get throws { try lines.compactMap { try JSONValue(parsing: String($0)).object } }
  }
}

extension JSONValue {
  /// The elements of a list of numbers.
  var doubles: [Double] { (array ?? []).compactMap(\.double) }
  /// The elements of a list of integers.
  var integers: [Int] { (array ?? []).compactMap(\.integer) }
}

/// Whether two lists of numbers agree.
func areClose(_ a: [Double], _ b: [Double], within tolerance: Double) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
}
