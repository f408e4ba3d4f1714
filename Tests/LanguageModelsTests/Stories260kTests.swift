// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import TestSupport
import Testing
import Tokenizers
import Torch

/// stories260k.json: numbers of a trained model of 260,000 parameters, which is not part of the repository.
private struct ExpectedStories: Decodable {
  struct Row: Decodable {
    var text: String
    var ids: [Int]
    var tokenLogProbs: [Double]
    var lastLogits: [Double]
  }

  struct Continuation: Decodable {
    var promptIds: [Int]
    var tokens: [Int]
    var text: String
  }

  var rows: [Row]
  var greedy: [Continuation]
}

private let storiesFolder = URL(
  filePath: ProcessInfo.processInfo.environment["ATTUNE_TEST_DATA"] ?? "/nowhere"
).appending(path: "models/stories260k")

@Suite(
  "A trained model, stories260k",
  .enabled(
    if: FileManager.default.fileExists(
      atPath: storiesFolder.appending(path: "model.safetensors").path),
    "set ATTUNE_TEST_DATA to a folder with models/stories260k (config.json, model.safetensors, tokenizer.json)"
  ))
struct Stories260kTests {
  private func expected() throws -> ExpectedStories {
    try Fixture.decode("stories260k.json", as: ExpectedStories.self)
  }

  @Test("logits and log-probs of texts are those of transformers")
  func numbers() throws {
    let opened = try ModelFolder(storiesFolder)
    let model = try opened.languageModel()
    let tokenizer = try opened.tokenizer()
    for row in try expected().rows {
      #expect(tokenizer.encode(row.text) == row.ids)
      let logits = model.logits([row.ids]).picked(1, row.ids.count - 1).reshaped([-1])
      expectClose(logits, row.lastLogits, atol: 1e-4, rtol: 1e-5)
      let batch = TokenBatch([wholeRow(row.ids)], padTokenID: 0)
      let found = withoutGrad { model.targetLogProbs(of: batch) }
      expectClose(found.logProbs, row.tokenLogProbs, atol: 1e-4, rtol: 1e-5)
    }
  }

  @Test("greedy decoding tells the story transformers tells")
  func greedy() throws {
    let opened = try ModelFolder(storiesFolder)
    let tokenizer = try opened.tokenizer()
    let stories = try expected().greedy
    let sampler = Sampler(
      try opened.languageModel(), SamplingSettings(maxNewTokens: 60, temperature: 0))
    let found = sampler.completions(stories.map(\.promptIds), seeds: stories.map { _ in 0 })
    for (completion, story) in zip(found, stories) {
      #expect(completion.ids == story.tokens)
      #expect(tokenizer.decode(story.promptIds + completion.ids) == story.text)
    }
  }

  @Test("saved with its tokenizer it reads the same texts the same way")
  func saving() throws {
    let opened = try ModelFolder(storiesFolder)
    let model = try opened.languageModel()
    let tokenizer = try opened.tokenizer()
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: tokenizer, to: folder)
      let again = try ModelFolder(folder)
      #expect(try again.languageModel().numbers == model.numbers)
      let text = try #require(try expected().rows.first).text
      #expect(try again.tokenizer().encode(text) == tokenizer.encode(text))
      #expect(again.configuration.eosTokenIDs == opened.configuration.eosTokenIDs)
    }
  }
}
