// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import TestSupport
import Testing
import Torch

/// classifier/expected.json: a LlamaForSequenceClassification with one label.
private struct ExpectedScores: Decodable {
  struct PairLoss: Decodable {
    var chosen: Int
    var rejected: Int
    var loss: Double
    var norms: [String: Double]
  }

  var rows: [[Int]]
  var scores: [Double]
  var pairLoss: PairLoss

  static func read() throws -> ExpectedScores {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .custom { path in
      let key = path[path.count - 1].stringValue
      return PlainKey(stringValue: key == "pair_loss" ? "pairLoss" : key)
    }
    let file = Fixture.root.appending(path: "classifier/expected.json")
    return try decoder.decode(ExpectedScores.self, from: Data(contentsOf: file))
  }
}

@Suite("Scalar head model")
struct ScalarHeadModelTests {
  private func classifier() throws -> ScalarHeadModel {
    try ModelFolder(Fixture.folder("classifier")).scalarHeadModel()
  }

  @Test("scores are those of transformers, alone and in a batch")
  func scores() throws {
    let expected = try ExpectedScores.read()
    let model = try classifier()
    let batch = TokenBatch(expected.rows.map(wholeRow), padTokenID: 0)
    #expect(model.scores(of: batch).shape == [3])
    expectClose(model.scores(of: batch), expected.scores, atol: 1e-5, rtol: 1e-5)
    for (row, score) in zip(expected.rows, expected.scores) {
      let alone = model.scores(of: TokenBatch([wholeRow(row)], padTokenID: 0))
      expectClose(alone, [score], atol: 1e-5, rtol: 1e-5)
    }
    // Padding with a token of the text changes nothing: lengths are known, not guessed.
    let other = TokenBatch(expected.rows.map(wholeRow), padTokenID: 10)
    expectClose(model.scores(of: other), expected.scores, atol: 1e-5, rtol: 1e-5)
  }

  @Test("loss and gradients of a pair are those of transformers", arguments: [false, true])
  func gradients(checkpointing: Bool) throws {
    let expected = try ExpectedScores.read()
    let model = try classifier()
    model.setTrainable(true)
    let batch = TokenBatch(expected.rows.map(wholeRow), padTokenID: 0)
    let scores = model.scores(of: batch, checkpointing: checkpointing)
    let pair = expected.pairLoss
    let loss = -logSigmoid(scores.picked(0, pair.chosen) - scores.picked(0, pair.rejected))
    loss.backward()
    expectClose(loss, pair.loss, atol: 1e-6, rtol: 1e-5)
    #expect(Set(model.parameters.map(\.name)) == Set(pair.norms.keys))
    for (name, tensor) in model.parameters {
      let gradient = try #require(tensor.grad).to(.float64)
      expectClose(
        sqrt(square(gradient).sum()), try #require(pair.norms[name]), atol: 1e-6, rtol: 1e-4)
    }
  }

  @Test("values are read before each target, the score after the last")
  func values() throws {
    let model = try classifier()
    let ids = [12, 15, 5, 27, 7]
    let row = TokenRow(prompt: Array(ids[..<2]), completion: Array(ids[2...]))
    let values = model.values(of: TokenBatch([wholeRow([3]), row], padTokenID: 0))
    let prefixes = [2, 3, 4].map { wholeRow(Array(ids[..<$0])) }
    let scores = model.scores(of: TokenBatch(prefixes, padTokenID: 0))
    expectClose(values, scores, atol: 1e-5, rtol: 1e-5)
  }

  @Test("a saved reward model has Hugging Face's names and comes back with the same bits")
  func roundTrip() throws {
    let model = try classifier()
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let file = try SafetensorsFile(folder.appending(path: "model.safetensors"))
      let source = try SafetensorsFile(
        Fixture.folder("classifier").appending(path: "model.safetensors"))
      #expect(file.names == source.names)
      #expect(file.shape(of: "score.weight") == [1, 16])
      let values = try readJSON(folder.appending(path: "config.json"))
      #expect(values["architectures"] as? [String] == ["LlamaForSequenceClassification"])
      let again = try ModelFolder(folder).scalarHeadModel()
      #expect(again.parameters.map(\.name) == model.parameters.map(\.name))
      #expect(again.parameters.map(\.tensor.floats) == model.parameters.map(\.tensor.floats))
    }
  }

  @Test("a fresh head is drawn from its seed, or starts at zero", arguments: ["tied", "biased"])
  func freshHead(name: String) throws {
    let opened = try ModelFolder(Fixture.folder(name))
    let model = try opened.scalarHeadModel(freshHead: Generator(seed: 5))
    let twin = try opened.scalarHeadModel(freshHead: Generator(seed: 5))
    #expect(model.head.weight.floats == twin.head.weight.floats)
    #expect(model.head.weight.floats.contains { $0 != 0 })
    #expect(model.head.weight.shape == [1, 16])
    #expect(!model.parameters.contains { $0.name == "lm_head.weight" })
    #expect(model.parameters.last?.name == "score.weight")

    let critic = ScalarHeadModel(trunk: try opened.languageModel(), generator: nil)
    let batch = TokenBatch([wholeRow([4, 5, 6])], padTokenID: 0)
    #expect(critic.values(of: batch).floats == [0, 0])

    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let values = try readJSON(folder.appending(path: "config.json"))
      #expect(values["architectures"] as? [String] == ["LlamaForSequenceClassification"])
      #expect(values["num_labels"] as? Int == 1)
      let again = try ModelFolder(folder).scalarHeadModel()
      expectClose(again.scores(of: batch), model.scores(of: batch).doubles, atol: 1e-6)
    }
  }

  @Test("a head's weights have deviation 1 / sqrt(D + 1)")
  func headDeviation() throws {
    let shape = LlamaConfiguration(
      vocabularyCount: 4, width: 2048, hiddenWidth: 1, layerCount: 1, headCount: 1, headWidth: 2)
    let configuration = try ModelConfiguration(
      shape, bosTokenID: nil, eosTokenID: nil, padTokenID: nil)
    let trunk = try ModelFolder.newLanguageModel(configuration, generator: Generator(seed: 1))
    let model = ScalarHeadModel(trunk: trunk, generator: Generator(seed: 2))
    expectClose(model.head.weight.variance(correction: 0) * 2049, 1, atol: 0.1)
  }

  @Test("a copy is trained without touching the original")
  func copies() throws {
    let model = try classifier()
    let before = model.parameters.map(\.tensor.floats)
    let copy = try model.copy()
    #expect(copy.parameters.map(\.tensor.floats) == before)
    copy.setTrainable(true)
    let optimizer = SGD(copy.parameters, learningRate: 0.1)
    copy.scores(of: TokenBatch([wholeRow([4, 5])], padTokenID: 0)).backward()
    optimizer.step()
    #expect(copy.parameters.map(\.tensor.floats) != before)
    #expect(model.parameters.map(\.tensor.floats) == before)
  }

  @Test("language models and reward models are not taken for each other")
  func wrongKind() throws {
    let classifier = Fixture.folder("classifier")
    do {
      _ = try ModelFolder(classifier).languageModel()
      Issue.record("a classifier was read as a language model")
    } catch ModelFolderError.wrongKind(let path, let found, _) {
      #expect(path == classifier.path)
      #expect(found.contains("reward model"))
    }
    do {
      _ = try ModelFolder(Fixture.folder("tied")).scalarHeadModel()
      Issue.record("a language model was read as a reward model")
    } catch ModelFolderError.wrongKind(_, let found, let wanted) {
      #expect(found == "a language model")
      #expect(wanted.contains("score.weight"))
    }
  }
}
