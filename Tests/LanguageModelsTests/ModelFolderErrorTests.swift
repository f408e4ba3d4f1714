// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import Testing
import Tokenizers
import Torch

@Suite("Bad model folders")
struct ModelFolderErrorTests {
  private func failure(_ body: () throws -> Void) -> (any Error)? {
    do {
      try body()
      return nil
    } catch {
      return error
    }
  }

  private func openingFailure(_ folder: URL) -> (any Error)? {
    failure { _ = try ModelFolder(folder).languageModel() }
  }

  @Test("a folder that is none, a file, and a folder without config.json")
  func notAModel() throws {
    try withTemporaryFolder { folder in
      let missing = folder.appending(path: "missing")
      #expect(
        openingFailure(missing) as? ModelFolderError
          == .notAModel(path: missing.path, reason: "there is no such folder"))
      let file = folder.appending(path: "model.safetensors")
      try Data().write(to: file)
      #expect(
        openingFailure(file) as? ModelFolderError
          == .notAModel(path: file.path, reason: "it is a file; name the folder it is in"))
      #expect(
        openingFailure(folder) as? ModelFolderError
          == .notAModel(path: folder.path, reason: "it has no config.json"))
    }
  }

  @Test("a config.json that is no JSON object", arguments: ["{\"model_type\": ", "[1, 2]", ""])
  func noJSON(text: String) throws {
    try withCopy(of: "tied") { folder in
      let file = folder.appending(path: "config.json")
      try Data(text.utf8).write(to: file)
      #expect(
        openingFailure(folder) as? ModelFolderError
          == .badConfiguration(path: file.path, field: "the file", reason: "is no JSON object"))
    }
  }

  @Test("an architecture that is not known is named beside those that are")
  func unknownArchitecture() throws {
    try withCopy(of: "tied") { folder in
      try editConfiguration(folder, ["model_type": "mamba"])
      let file = folder.appending(path: "config.json").path
      let error = openingFailure(folder) as? ModelFolderError
      guard case .unknownArchitecture(let path, let found, let known) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(path == file)
      #expect(found == "mamba")
      #expect(known.contains("llama"))
      #expect(error?.description.contains("model_type 'mamba' is not supported") == true)
    }
  }

  struct BadField: Sendable, CustomTestStringConvertible {
    let field: String
    let json: String
    let named: String
    var testDescription: String { "\(field): \(json)" }
  }

  @Test(
    "a field that cannot be used is named",
    arguments: [
      BadField(field: "model_type", json: "null", named: "model_type"),
      BadField(field: "model_type", json: "7", named: "model_type"),
      BadField(field: "hidden_size", json: "\"wide\"", named: "hidden_size"),
      BadField(field: "hidden_size", json: "16.5", named: "hidden_size"),
      BadField(field: "num_hidden_layers", json: "0", named: "num_hidden_layers"),
      BadField(field: "vocab_size", json: "-3", named: "vocab_size"),
      BadField(field: "num_key_value_heads", json: "3", named: "num_key_value_heads"),
      BadField(field: "head_dim", json: "5", named: "head_dim"),
      BadField(field: "hidden_act", json: "\"snake\"", named: "hidden_act"),
      BadField(field: "tie_word_embeddings", json: "\"yes\"", named: "tie_word_embeddings"),
      BadField(field: "eos_token_id", json: "\"</s>\"", named: "eos_token_id"),
      BadField(field: "rope_parameters", json: "3", named: "rope_parameters"),
      BadField(
        field: "rope_parameters", json: "{\"rope_type\": \"spiral\"}",
        named: "rope_parameters.rope_type"),
      BadField(
        field: "rope_parameters", json: "{\"rope_type\": \"linear\"}",
        named: "rope_parameters.factor"),
      BadField(
        field: "rope_parameters",
        json: "{\"rope_type\": \"longrope\", \"short_factor\": [1], \"long_factor\": [1, 1]}",
        named: "rope_parameters.short_factor"),
    ])
  func badField(_ bad: BadField) throws {
    try withCopy(of: "tied") { folder in
      let value = try JSONSerialization.jsonObject(
        with: Data(bad.json.utf8), options: [.fragmentsAllowed])
      try editConfiguration(folder, [bad.field: value])
      let error = openingFailure(folder) as? ModelFolderError
      guard case .badConfiguration(let path, let field, _) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(path == folder.appending(path: "config.json").path)
      #expect(field == bad.named)
    }
  }

  @Test("pickled weights are refused with the way out")
  func pickle() throws {
    try withCopy(of: "tied") { folder in
      let file = folder.appending(path: "pytorch_model.bin")
      try FileManager.default.moveItem(
        at: folder.appending(path: "model.safetensors"), to: file)
      let error = openingFailure(folder) as? ModelFolderError
      guard case .unsupportedWeights(let path, let reason) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(path == file.path)
      #expect(reason.contains("safe_serialization"))
      try FileManager.default.removeItem(at: file)
      guard case .notAModel(_, let why) = openingFailure(folder) as? ModelFolderError else {
        Issue.record("a folder without weights was opened")
        return
      }
      #expect(why.contains("model.safetensors"))
    }
  }

  @Test("a missing shard, a shard outside the folder, and an index that lies")
  func shards() throws {
    try withCopy(of: "llama3") { folder in
      let second = folder.appending(path: "model-00002-of-00002.safetensors")
      let hidden = folder.appending(path: "hidden")
      try FileManager.default.moveItem(at: second, to: hidden)
      guard case .unreadable(let path, _) = openingFailure(folder) as? SafetensorsError else {
        Issue.record("a folder without its second shard was opened")
        return
      }
      #expect(path == second.path)
      try FileManager.default.moveItem(at: hidden, to: second)

      let index = folder.appending(path: "model.safetensors.index.json")
      let good = try readJSON(index)
      func expectIndexFailure(_ map: Any?, _ part: String) throws {
        var values = good
        values["weight_map"] = map
        try JSONSerialization.data(withJSONObject: values).write(to: index)
        let error = openingFailure(folder) as? ModelFolderError
        guard case .badConfiguration(index.path, "weight_map", let reason) = error else {
          Issue.record("\(String(describing: error))")
          return
        }
        #expect(reason.contains(part))
      }
      let map = try #require(good["weight_map"] as? [String: String])
      try expectIndexFailure(nil, "missing")
      try expectIndexFailure(["a": 3], "missing")
      try expectIndexFailure(map.mapValues { "../\($0)" }, "outside the folder")
      try expectIndexFailure(
        map.mapValues { _ in "model-00001-of-00002.safetensors" }, "not in the shard")
    }
  }

  @Test("weights that are missing, misshapen or left over")
  func weights() throws {
    try withCopy(of: "tied") { folder in
      try editConfiguration(folder, ["num_hidden_layers": 3])
      guard case .missing(let names) = openingFailure(folder) as? WeightsError else {
        Issue.record("a layer that is not there was read")
        return
      }
      #expect(names.count == 9)
      #expect(names.allSatisfy { $0.hasPrefix("model.layers.2.") })

      try editConfiguration(folder, ["num_hidden_layers": 1])
      guard case .unexpected(let extra) = openingFailure(folder) as? WeightsError else {
        Issue.record("a layer too many was read")
        return
      }
      #expect(extra.count == 9)
      #expect(extra.allSatisfy { $0.hasPrefix("model.layers.1.") })

      try editConfiguration(folder, ["num_hidden_layers": 2, "vocab_size": 41])
      #expect(
        openingFailure(folder) as? WeightsError
          == .shapeMismatch(
            name: "model.embed_tokens.weight", stored: [40, 16], configured: [41, 16]))

      try editConfiguration(folder, ["vocab_size": 40, "tie_word_embeddings": false])
      #expect(openingFailure(folder) as? WeightsError == .missing(names: ["lm_head.weight"]))
    }
  }

  @Test("a stored copy of a tied head and old buffers are ignored")
  func harmlessExtras() throws {
    let model = try Fixture.model("tied")
    try withCopy(of: "tied") { folder in
      let buffer = Tensor([1.0, 2], elementType: .float32)
      let extras: NamedTensors = [
        ("lm_head.weight", model.outputWeight),
        ("model.layers.0.self_attn.rotary_emb.inv_freq", buffer),
      ]
      let file = folder.appending(path: "model.safetensors")
      try SafetensorsWriter.write(model.parameters + extras, to: file)
      #expect(try ModelFolder(folder).languageModel().numbers == model.numbers)
    }
  }

  @Test("a reward model without its head, or with three labels")
  func badHead() throws {
    try withCopy(of: "classifier") { folder in
      let file = folder.appending(path: "model.safetensors")
      let model = try ModelFolder(folder).scalarHeadModel()
      try SafetensorsWriter.write(model.trunk.parameters, to: file)
      #expect(
        failure { _ = try ModelFolder(folder).scalarHeadModel() } as? WeightsError
          == .missing(names: ["score.weight"]))
      let three: NamedTensors = [("score.weight", .zeros([3, 16]))]
      try SafetensorsWriter.write(model.trunk.parameters + three, to: file)
      #expect(
        failure { _ = try ModelFolder(folder).scalarHeadModel() } as? WeightsError
          == .shapeMismatch(name: "score.weight", stored: [3, 16], configured: [1, 16]))
    }
  }

  @Test("weights that are cut off, overwritten or of an unknown type")
  func safetensors() throws {
    try withCopy(of: "tied") { folder in
      let file = folder.appending(path: "model.safetensors")
      let good = try Data(contentsOf: file)
      func error(_ data: Data) throws -> SafetensorsError? {
        try data.write(to: file)
        return openingFailure(folder) as? SafetensorsError
      }
      #expect(
        try error(good.dropLast(5))
          == .truncated(path: file.path, expected: good.count, found: good.count - 5))
      #expect(
        try error(Data(good.prefix(4))) == .truncated(path: file.path, expected: 8, found: 4))
      guard case .badHeader(file.path, _) = try error(Data("version https://git-lfs".utf8)) else {
        Issue.record("a pointer file was read")
        return
      }
      guard case .badHeader(file.path, _) = try error(good + Data([0])) else {
        Issue.record("left-over bytes were accepted")
        return
      }
      let text = String(decoding: good, as: Unicode.ASCII.self)
      let place = try #require(text.range(of: "\"F32\""))
      let offset = text.distance(from: text.startIndex, to: place.lowerBound)
      var odd = good
      odd.replaceSubrange(offset..<offset + 5, with: Data("\"F99\"".utf8))
      guard case .badTensor(file.path, _, let reason) = try error(odd) else {
        Issue.record("an unknown type was read")
        return
      }
      #expect(reason.contains("F99"))
      #expect(try error(good) == nil)
    }
  }

  @Test("a tokenizer with more tokens than the model, and a folder without one")
  func tokenizers() throws {
    try withCopy(of: "tied") { folder in
      guard
        case .missingTokenizerJSON = failure({ _ = try ModelFolder(folder).tokenizer() })
          as? TokenizerError
      else {
        Issue.record("a tokenizer came from nowhere")
        return
      }
      func write(_ count: Int) throws {
        let letters = (0..<count).map { String(UnicodeScalar(UInt8(0x21 + $0))) }
        let vocabulary = Dictionary(
          uniqueKeysWithValues: letters.enumerated().map { ($0.element, $0.offset) })
        let tokenizer: [String: Any] = [
          "version": "1.0", "added_tokens": [Any](),
          "model": ["type": "BPE", "vocab": vocabulary, "merges": [String]()],
        ]
        try JSONSerialization.data(withJSONObject: tokenizer)
          .write(to: folder.appending(path: "tokenizer.json"))
      }
      try write(40)
      #expect(try ModelFolder(folder).tokenizer().vocabularyCount == 40)
      try write(41)
      let error = failure { _ = try ModelFolder(folder).tokenizer() } as? ModelFolderError
      guard case .badConfiguration(let path, "vocabulary", let reason) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(path == folder.appending(path: "tokenizer.json").path)
      #expect(reason == "the tokenizer knows 41 tokens, the model 40")
    }
  }
}
