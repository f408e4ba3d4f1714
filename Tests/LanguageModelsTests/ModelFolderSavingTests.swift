// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import TestSupport
import Testing
import Torch

/// Whether transformers opens saved folders is checked by hand with Fixtures/check_saved.py.
@Suite("Saving model folders")
struct ModelFolderSavingTests {
  @Test("a saved model comes back with the same bits", arguments: Fixture.names)
  func roundTrip(name: String) throws {
    let model = try Fixture.model(name)
    try withTemporaryFolder { parent in
      let folder = parent.appending(path: "deep/model")
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let again = try ModelFolder(folder).languageModel()
      #expect(again.numbers == model.numbers)
      #expect(again.parameters.map(\.name) == model.parameters.map(\.name))
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(names == ["config.json", "generation_config.json", "model.safetensors"])
      let source = try ModelConfiguration(folder: Fixture.folder(name))
      #expect(try again.configuration.llama() == source.llama())
      let row = try Fixture.expected(name).rows[1]
      expectClose(again.logits([row.ids]).reshaped([-1]), row.logits, atol: 1e-4, rtol: 1e-5)
    }
  }

  @Test("a saved model has the names of the checkpoint it came from", arguments: Fixture.names)
  func names(name: String) throws {
    let model = try Fixture.model(name)
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let saved = try SafetensorsFile(folder.appending(path: "model.safetensors"))
      #expect(saved.metadata["format"] == "pt")
      #expect(saved.names == model.parameters.map(\.name).sorted())
      guard name != "llama3" else { return }  // in shards
      let source = try SafetensorsFile(Fixture.folder(name).appending(path: "model.safetensors"))
      #expect(saved.names == source.names)
    }
  }

  @Test("a fraction stays a fraction in config.json, and a flag a flag")
  func numbers() throws {
    let source = Fixture.folder("families/gemma2")
    try withTemporaryFolder { parent in
      let changed = parent.appending(path: "changed")
      try FileManager.default.copyItem(at: source, to: changed)
      let config = changed.appending(path: "config.json")
      var values = try readJSON(config)
      values["final_logit_softcapping"] = nil
      var text = String(
        decoding: try JSONSerialization.data(withJSONObject: values), as: UTF8.self)
      text =
        "{\"final_logit_softcapping\": 30.0, \"a_flag\": true, \"a_count\": 1, " + text.dropFirst()
      try Data(text.utf8).write(to: config)

      let saved = parent.appending(path: "saved")
      try ModelFolder.save(try ModelFolder(changed).languageModel(), tokenizer: nil, to: saved)
      let result = try String(
        contentsOf: saved.appending(path: "config.json"), encoding: .utf8)
      #expect(result.contains("\"final_logit_softcapping\": 30.0"))
      #expect(result.contains("\"a_flag\": true"))
      #expect(result.contains("\"a_count\": 1,"))
    }
  }

  @Test("shards hold every tensor once and stay below the limit")
  func shards() throws {
    let model = try Fixture.model("llama3")
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder, shardByteLimit: 6000)
      let index = try readJSON(folder.appending(path: "model.safetensors.index.json"))
      let map = try #require(index["weight_map"] as? [String: String])
      #expect(Set(map.keys) == Set(model.parameters.map(\.name)))
      let metadata = try #require(index["metadata"] as? [String: Int])
      #expect(metadata["total_size"] == 4 * model.parameterCount)
      let files = Set(map.values).sorted()
      #expect(files.count > 2)
      #expect(files.first == "model-00001-of-0000\(files.count).safetensors")
      for file in files {
        let shard = try SafetensorsFile(folder.appending(path: file))
        #expect(shard.names == map.filter { $0.value == file }.keys.sorted())
        let sizes = shard.names.map { 4 * (shard.shape(of: $0) ?? []).reduce(1, *) }
        #expect(sizes.reduce(0, +) <= 6000 || sizes.count == 1)
      }
      #expect(try ModelFolder(folder).languageModel().numbers == model.numbers)
    }
  }

  @Test("saving over an older model leaves none of its weights", arguments: [true, false])
  func overwriting(shardsFirst: Bool) throws {
    let old = try Fixture.model("yarn")
    let new = try Fixture.model("llama3")
    try withTemporaryFolder { folder in
      let limit = 9000
      try ModelFolder.save(
        old, tokenizer: nil, to: folder, shardByteLimit: shardsFirst ? limit : .max)
      try ModelFolder.save(
        new, tokenizer: nil, to: folder, shardByteLimit: shardsFirst ? .max : limit)
      #expect(try ModelFolder(folder).languageModel().numbers == new.numbers)
      let weights = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .filter { $0.hasPrefix("model") }
      #expect(weights.contains("model.safetensors") == shardsFirst)
      #expect(weights.contains("model.safetensors.index.json") == !shardsFirst)
      let held = try weights.filter { $0.hasSuffix(".safetensors") }.flatMap {
        try SafetensorsFile(folder.appending(path: $0)).names
      }
      #expect(held.sorted() == new.parameters.map(\.name).sorted())
    }
  }

  @Test("bf16 on disk rounds once and is said in config.json")
  func halfPrecision() throws {
    let model = try Fixture.model("biased")
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder, elementType: .bfloat16)
      let file = try SafetensorsFile(folder.appending(path: "model.safetensors"))
      #expect(file.names.allSatisfy { file.elementType(of: $0) == .bfloat16 })
      let values = try readJSON(folder.appending(path: "config.json"))
      #expect(values["dtype"] as? String == "bfloat16")
      let opened = try ModelFolder(folder)
      #expect(opened.configuration.storedType == .bfloat16)
      #expect(try opened.languageModel(elementType: nil).elementType == .bfloat16)
      let wide = try opened.languageModel()
      #expect(wide.elementType == .float32)
      for (found, original) in zip(wide.parameters, model.parameters) {
        // 8 bits of precision: the nearest is within 2^-9 of the number.
        expectClose(found.tensor, original.tensor, rtol: 0x1p-8)
        #expect(found.tensor.floats == original.tensor.to(.bfloat16).floats)
      }
      let row = try Fixture.expected("biased").rows[0]
      let logits = try opened.languageModel(elementType: nil).logits([row.ids])
      expectClose(logits.reshaped([-1]), row.logits, atol: 0.1, rtol: 0.05)
    }
  }

  @Test("fields of config.json that are not understood survive")
  func unknownFields() throws {
    try withCopy(of: "linear") { folder in
      try editConfiguration(folder, ["my_note": ["a": [1, 2.5], "b": "ü/x"], "use_cache": false])
      let saved = folder.appending(path: "saved")
      try ModelFolder.save(try ModelFolder(folder).languageModel(), tokenizer: nil, to: saved)
      let before = try readJSON(folder.appending(path: "config.json"))
      let after = try readJSON(saved.appending(path: "config.json"))
      for (key, value) in before {
        #expect(after[key] as? NSObject == value as? NSObject, "\(key)")
      }
      // torch_dtype is the older name of dtype, for readers from before transformers 5.
      #expect(Set(after.keys).subtracting(before.keys).isSubset(of: ["torch_dtype"]))
    }
  }

  @Test("the configuration from before transformers 5 gives the same model")
  func legacyConfiguration() throws {
    try withCopy(of: "llama3") { folder in
      let file = folder.appending(path: "config.json")
      try FileManager.default.removeItem(at: file)
      try FileManager.default.copyItem(at: folder.appending(path: "config.legacy.json"), to: file)
      let opened = try ModelFolder(folder)
      #expect(opened.configuration.storedType == .float32)
      let model = try opened.languageModel()
      let row = try Fixture.expected("llama3").rows[1]
      expectClose(model.logits([row.ids]).reshaped([-1]), row.logits, atol: 1e-4, rtol: 1e-5)
    }
  }

  @Test("generation defaults come from their file, else from the configuration")
  func generationDefaults() throws {
    try withCopy(of: "tied") { folder in
      let file = folder.appending(path: "generation_config.json")
      let text =
        #"{"eos_token_id": [2, 7], "do_sample": true, "temperature": 0.6, "top_k": 40, "top_p": 0.9}"#
      try Data(text.utf8).write(to: file)
      let defaults = try ModelFolder(folder).generationDefaults()
      #expect(defaults.eosTokenIDs == [2, 7])
      #expect(defaults.padTokenID == 0)
      #expect(defaults.samples == true)
      #expect(defaults.temperature == 0.6)
      #expect(defaults.topK == 40)
      #expect(defaults.topP == 0.9)
      try FileManager.default.removeItem(at: file)
      let fallback = try ModelFolder(folder).generationDefaults()
      #expect(fallback.eosTokenIDs == [2])
      #expect(fallback.padTokenID == 0)
      #expect(fallback.samples == nil)
    }
  }

  @Test("a folder that cannot be written is an error that names it")
  func unwritable() throws {
    let model = try Fixture.model("tied")
    try withTemporaryFolder { folder in
      let file = folder.appending(path: "taken")
      try Data("x".utf8).write(to: file)
      #expect(throws: ModelFolderError.self) {
        try ModelFolder.save(model, tokenizer: nil, to: file)
      }
      do {
        try ModelFolder.save(model, tokenizer: nil, to: file)
      } catch ModelFolderError.unwritable(let path, _) {
        #expect(path == file.path)
      }
    }
  }

  @Test("a new model is drawn from its seed and saved with its shape")
  func newModel() throws {
    let shape = LlamaConfiguration(
      vocabularyCount: 50, width: 32, hiddenWidth: 48, layerCount: 2, headCount: 4, keyHeadCount: 2,
      ropeScaling: .linear(factor: 4), tiesEmbedding: false, initializerRange: 0.1)
    let configuration = try ModelConfiguration(shape, bosTokenID: 1, eosTokenID: 2, padTokenID: 0)
    func draw(_ seed: UInt64) throws -> any LanguageModel {
      try ModelFolder.newLanguageModel(configuration, generator: Generator(seed: seed))
    }
    let model = try draw(7)
    #expect(try draw(7).numbers == model.numbers)
    #expect(try draw(8).numbers != model.numbers)
    // Embedding and head 50 · 32 each; a layer: q and o 32², k and v 16 · 32, three of 32 · 48, two norms.
    #expect(model.parameterCount == 2 * 1600 + 2 * (2 * 1024 + 2 * 512 + 3 * 1536 + 64) + 32)
    for (name, tensor) in model.parameters where !name.contains("norm") {
      expectClose(tensor.variance(correction: 0), 0.01, rtol: 0.15)
    }
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let again = try ModelFolder(folder)
      #expect(again.configuration.family == "llama")
      #expect(again.configuration.eosTokenIDs == [2])
      #expect(try again.configuration.llama() == shape)
      #expect(try again.languageModel().numbers == model.numbers)
    }
  }
}
