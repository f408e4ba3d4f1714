// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@testable import LanguageModels

@Suite("Adapter folders against PEFT")
struct AdapterFolderTests {
  private func expectSame(_ model: any LanguageModel, _ expected: AdapterExpected) {
    for row in expected.rows {
      expectClose(model.logits([row.ids]).reshaped([-1]), row.logits, atol: 1e-4, rtol: 1e-5)
    }
  }

  @Test("logits with an adapter are those of PEFT", arguments: AdapterFixture.names)
  func logits(name: String) throws {
    expectSame(try AdapterFixture.open(name), try AdapterExpected.read("adapters/\(name)"))
  }

  @Test("and another model's without it", arguments: AdapterFixture.names)
  func adapterMatters(name: String) throws {
    let expected = try AdapterExpected.read("adapters/\(name)")
    let base = try Fixture.model(expected.base)
    let logits = base.logits([expected.rows[0].ids]).reshaped([-1]).doubles
    let largest = zip(logits, expected.rows[0].logits).map { abs($0 - $1) }.max() ?? 0
    #expect(largest > 0.01)
  }

  @Test("loss and gradients are those of PEFT", arguments: AdapterFixture.names, [false, true])
  func gradients(name: String, checkpointing: Bool) throws {
    let expected = try AdapterExpected.read("adapters/\(name)")
    let gradients = try #require(expected.gradients)
    let model = try AdapterFixture.open(name)
    model.setTrainable(true)
    let batch = TokenBatch(expected.rows.map { wholeRow($0.ids) }, padTokenID: 0)
    let loss = -model.sequenceLogProbs(of: batch, checkpointing: checkpointing).sum()
    loss.backward()
    expectClose(loss, gradients.loss, atol: 1e-4, rtol: 1e-5)
    // Without an image nothing reaches what is trained of an image encoder, here as there.
    let reached = model.parameters.filter { $0.tensor.grad != nil }
    #expect(Set(reached.map(\.name)) == Set(gradients.norms.keys))
    for (name, tensor) in reached {
      let gradient = try #require(tensor.grad, "\(name)").to(.float64)
      expectClose(
        sqrt(square(gradient).sum()), try #require(gradients.norms[name]), atol: 1e-5, rtol: 1e-3)
    }
    #expect(model.base.parameters.allSatisfy { $0.tensor.grad == nil })
  }

  @Test("scores of a reward model's adapter are those of PEFT")
  func scores() throws {
    let expected = try AdapterExpected.read("adapters/scores")
    let folder = try ModelFolder(AdapterFixture.folder("scores"))
    #expect(!folder.configuration.hasLanguageHead)
    let model = try folder.scalarHeadModel()
    for row in expected.rows {
      let found = model.scores(of: TokenBatch([wholeRow(row.ids)], padTokenID: 0))
      expectClose(found, row.logits, atol: 1e-5, rtol: 1e-5)
    }
  }

  @Test(
    "merging changes no output by more than rounding",
    arguments: AdapterFixture.names)
  func merging(name: String) throws {
    let expected = try AdapterExpected.read("adapters/\(name)")
    let model = try AdapterFixture.open(name)
    let merged = try model.merged()
    #expect(!(merged is AdaptedModel))
    for row in expected.rows {
      expectClose(merged.logits([row.ids]), model.logits([row.ids]), atol: 1e-5, rtol: 1e-5)
    }
    try withTemporaryFolder { folder in
      try ModelFolder.save(merged, tokenizer: nil, to: folder)
      let again = try ModelFolder(folder)
      #expect(again.adapter == nil)
      expectSame(try again.languageModel(), expected)
    }
  }

  @Test("a merged reward model scores as before")
  func mergedScores() throws {
    let expected = try AdapterExpected.read("adapters/scores")
    let model = try ModelFolder(AdapterFixture.folder("scores")).mergedScalarHeadModel()
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let again = try ModelFolder(folder).scalarHeadModel()
      for row in expected.rows {
        let found = again.scores(of: TokenBatch([wholeRow(row.ids)], padTokenID: 0))
        expectClose(found, row.logits, atol: 1e-4, rtol: 1e-5)
      }
    }
  }

  @Test(
    "saved again it holds the same tensors under the same names", arguments: AdapterFixture.names)
  func savedAgain(name: String) throws {
    let model = try AdapterFixture.open(name)
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let new = try SafetensorsFile(folder.appending(path: "adapter_model.safetensors"))
      let old = try SafetensorsFile(
        AdapterFixture.folder(name).appending(path: "adapter_model.safetensors"))
      // PEFT repeats the output layer of the base where it has an update.
      let repeated = "base_model.model.lm_head.base_layer.weight"
      #expect(new.names == old.names.filter { $0 != repeated })
      for key in new.names {
        #expect(try new.tensor(key)?.floats == (try old.tensor(key)?.floats), "\(key)")
      }
      let before = try readJSON(AdapterFixture.folder(name).appending(path: "adapter_config.json"))
      let after = try readJSON(folder.appending(path: "adapter_config.json"))
      for (key, value) in after where !["target_modules", "base_model_name_or_path"].contains(key) {
        #expect(before[key] as? NSObject == value as? NSObject, "\(key)")
      }
      let names = { (values: [String: Any]) in
        Set(values["target_modules"] as? [String] ?? [values["target_modules"] as? String ?? ""])
      }
      #expect(names(after) == names(before))
      let base = try AdapterExpected.read("adapters/\(name)").base
      #expect(after["base_model_name_or_path"] as? String == Fixture.folder(base).path)
      expectSame(
        try ModelFolder(folder).languageModel(), try AdapterExpected.read("adapters/\(name)"))
    }
  }

  @Test("a saved reward model's adapter holds its head and names both that PEFT knows")
  func savedScores() throws {
    let model = try ModelFolder(AdapterFixture.folder("scores")).scalarHeadModel()
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let new = try SafetensorsFile(folder.appending(path: "adapter_model.safetensors"))
      let old = try SafetensorsFile(
        AdapterFixture.folder("scores").appending(path: "adapter_model.safetensors"))
      #expect(new.names == old.names)
      let values = try readJSON(folder.appending(path: "adapter_config.json"))
      #expect(values["task_type"] as? String == "SEQ_CLS")
      #expect(values["modules_to_save"] as? [String] == ["classifier", "score"])
    }
  }

  @Test("a whole model saved over an adapter is no adapter any more")
  func replaced() throws {
    try withTemporaryFolder { folder in
      let model = try AdapterFixture.open("lora")
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      #expect(try ModelFolder(folder).adapter != nil)
      try ModelFolder.save(try model.merged(), tokenizer: nil, to: folder)
      #expect(try ModelFolder(folder).adapter == nil)
    }
  }

  // MARK: The base

  @Test("the base is found from the folder of the adapter upwards, and by its full path")
  func baseFound() throws {
    try withAdapterCopy("lora") { folder in
      let opened = try ModelFolder(folder)
      #expect(opened.weightsURL.lastPathComponent == "tied")
      #expect(opened.baseNote == nil)
      let base = folder.deletingLastPathComponent().appending(path: "tied")
      try editAdapter(folder, ["base_model_name_or_path": base.path])
      #expect(try ModelFolder(folder).weightsURL.path == base.path)
    }
  }

  @Test("another base than the adapter's own is told")
  func otherBase() throws {
    try withAdapterCopy("lora") { folder in
      let opened = try ModelFolder(folder, base: Fixture.folder("linear"))
      #expect(opened.baseNote?.contains("trained on 'tied'") == true)
      _ = try opened.languageModel()
    }
  }

  private func failure(_ change: (URL) throws -> Void) throws -> (any Error)? {
    try withAdapterCopy("lora") { folder in
      try change(folder)
      do {
        _ = try ModelFolder(folder).languageModel()
        return nil
      } catch {
        return error
      }
    }
  }

  @Test("a base that is not there, not named, or an adapter itself is refused")
  func badBase() throws {
    let missing = try failure { try editAdapter($0, ["base_model_name_or_path": "no/such/base"]) }
    guard case AdapterError.baseNotFound(_, "no/such/base")? = missing else {
      Issue.record("\(String(describing: missing))")
      return
    }
    #expect(try failure { try editAdapter($0, ["base_model_name_or_path": nil]) } is AdapterError)
    let itself = try failure { try editAdapter($0, ["base_model_name_or_path": "copy"]) }
    guard case AdapterError.badBase(_, "copy", let reason)? = itself else {
      Issue.record("\(String(describing: itself))")
      return
    }
    #expect(reason.contains("attune merge"))
  }

  @Test("an adapter for another base is refused by what does not fit")
  func wrongBase() throws {
    // Twice the blocks: half of the model would stay as it is.
    let adapter = try ModelFolder(AdapterFixture.folder("lora"))
    var shape = try ModelFolder(Fixture.folder("tied")).configuration.llama()
    shape.layerCount = 4
    func open(_ shape: LlamaConfiguration) throws -> (any Error)? {
      let model = try ModelFolder.newLanguageModel(
        ModelConfiguration(shape, bosTokenID: 1, eosTokenID: 2, padTokenID: 0),
        generator: Generator(seed: 1))
      do {
        _ = try adapter.languageModel(base: model)
        return nil
      } catch { return error }
    }
    guard case AdapterError.missing(_, let names)? = try open(shape) else {
      Issue.record("deeper base")
      return
    }
    #expect(names == ["base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight"])
    shape.layerCount = 1
    guard case AdapterError.unexpected(_, let left)? = try open(shape) else {
      Issue.record("shallower base")
      return
    }
    #expect(left.count == 4 && left.allSatisfy { $0.contains("layers.1") })
    shape.layerCount = 2
    shape.width = 32
    guard case AdapterError.shapeMismatch(_, let name, [4, 16], [4, 32])? = try open(shape) else {
      Issue.record("wider base")
      return
    }
    #expect(name.hasSuffix("lora_A.weight"))
  }

  @Test("settings that would change the numbers unseen are refused by name")
  func unsupported() throws {
    let cases: [(String, Any)] = [
      ("peft_type", "IA3"), ("lora_bias", true), ("layer_replication", [[0, 1]]),
      ("trainable_token_indices", [1]), ("target_parameters", ["x"]), ("use_qalora", true),
      ("init_lora_weights", "pissa_niter_4"), ("alora_invocation_tokens", [3]),
      ("ensure_weight_tying", true),
    ]
    for (field, value) in cases {
      let error = try failure { try editAdapter($0, [field: value]) }
      guard case AdapterError.unsupported(let path, field, _, _)? = error else {
        Issue.record("\(field): \(String(describing: error))")
        continue
      }
      #expect(path.hasSuffix("adapter_config.json"))
    }
    // What PEFT writes where nothing is meant.
    #expect(
      try failure { try editAdapter($0, ["lora_bias": false, "layer_replication": []]) } == nil)
    #expect(try failure { try editAdapter($0, ["init_lora_weights": "gaussian"]) } == nil)
  }

  @Test("fields of the wrong kind are errors with file and field")
  func badFields() throws {
    let cases: [(String, Any)] = [
      ("r", 0), ("r", "many"), ("lora_alpha", "x"), ("bias", "some"), ("task_type", "TOKEN_CLS"),
      ("target_modules", 7), ("rank_pattern", ["q_proj": "x"]), ("use_dora", "yes"),
    ]
    for (field, value) in cases {
      let error = try failure { try editAdapter($0, [field: value]) }
      guard case ModelFolderError.badConfiguration(_, field, _)? = error else {
        Issue.record("\(field): \(String(describing: error))")
        continue
      }
    }
    let pattern = try failure { try editAdapter($0, ["target_modules": "([unclosed"]) }
    guard case AdapterError.unsupported(_, "target_modules", _, _)? = pattern else {
      Issue.record("\(String(describing: pattern))")
      return
    }
  }

  @Test("a pickle beside the configuration is refused, and so is a folder without weights")
  func noWeights() throws {
    let name = "adapter_model.safetensors"
    let bare = try failure { try FileManager.default.removeItem(at: $0.appending(path: name)) }
    #expect(bare as? ModelFolderError != nil)
    let pickle = try failure {
      try FileManager.default.moveItem(
        at: $0.appending(path: name), to: $0.appending(path: "adapter_model.bin"))
    }
    guard case ModelFolderError.unsupportedWeights? = pickle else {
      Issue.record("\(String(describing: pickle))")
      return
    }
  }

  @Test("a reward model's adapter without a head is refused")
  func noHead() throws {
    try withAdapterCopy("lora") { folder in
      try editAdapter(folder, ["task_type": "SEQ_CLS"])
      do {
        _ = try ModelFolder(folder).scalarHeadModel()
        Issue.record("it was taken")
      } catch AdapterError.missing(_, let names) {
        #expect(names == ["base_model.model.score.weight"])
      }
    }
  }

  @Test("older files, with a plain name for a trained bias and a module for magnitudes, are read")
  func olderNames() throws {
    try withAdapterCopy("bias_adapted") { folder in
      let file = folder.appending(path: "adapter_model.safetensors")
      let source = try SafetensorsFile(file)
      let renamed: NamedTensors = try source.names.map { name in
        let tensor = try #require(try source.tensor(name)).copy()
        return (
          name.replacing(".base_layer.", with: ".").replacing(
            "lora_magnitude_vector", with: "lora_magnitude_vector.weight"), tensor
        )
      }
      try SafetensorsWriter.write(renamed, to: file)
      expectSame(
        try ModelFolder(folder).languageModel(), try AdapterExpected.read("adapters/bias_adapted"))
    }
  }
}
