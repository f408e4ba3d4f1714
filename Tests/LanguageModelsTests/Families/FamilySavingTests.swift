// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Torch

@testable import LanguageModels

/// Whether transformers opens saved folders is measured by Benchmarks/families.
@Suite("Saving and naming of model families")
struct FamilySavingTests {
  private static let all = FamilyFixture.texts + FamilyFixture.images

  private func sameLogits(_ model: any LanguageModel, _ name: String) throws {
    let row = try FamilyFixture.expected(name).rows[1]
    guard FamilyFixture.texts.contains(name) else { return }
    expectClose(model.logits([row.ids]).reshaped([-1]), row.logits, atol: FamilyFixture.tolerance)
  }

  @Test("a saved model comes back with the same bits and fields", arguments: all)
  func roundTrip(name: String) throws {
    let opened = try ModelFolder(FamilyFixture.folder(name))
    let model = try opened.languageModel()
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let again = try ModelFolder(folder)
      let copy = try again.languageModel()
      #expect(copy.numbers == model.numbers)
      #expect(again.configuration.family == opened.configuration.family)
      try sameLogits(copy, name)
      let saved = try readJSON(folder.appending(path: "config.json"))
      for (key, value) in opened.configuration.fields.values {
        #expect(saved[key] as? NSObject == value as? NSObject, "\(key)")
      }
      let source = try readJSON(FamilyFixture.folder(name).appending(path: "config.json"))
      guard name != "gemma3_multimodal" else {
        #expect(saved["architectures"] as? [String] == ["Gemma3ForCausalLM"])
        #expect(saved["model_type"] as? String == "gemma3_text")
        return
      }
      #expect(saved["architectures"] as? [String] == source["architectures"] as? [String])
    }
  }

  @Test(
    "a saved text model has the names of the checkpoint it came from",
    arguments: FamilyFixture.texts.filter { $0 != "gemma3_multimodal" })
  func names(name: String) throws {
    try withTemporaryFolder { folder in
      try ModelFolder.save(try FamilyFixture.model(name), tokenizer: nil, to: folder)
      let saved = try SafetensorsFile(folder.appending(path: "model.safetensors"))
      let source = try SafetensorsFile(
        FamilyFixture.folder(name).appending(path: "model.safetensors"))
      #expect(saved.names == source.names)
      #expect(saved.names.allSatisfy { saved.shape(of: $0) == source.shape(of: $0) })
    }
  }

  @Test("a GPT-2 of the hub, without prefix and with its masks, is the same model")
  func bareGPT2() throws {
    try FamilyFixture.withCopy(of: "gpt2") { folder in
      let masks: NamedTensors = (0..<2).flatMap { layer -> NamedTensors in
        [
          ("h.\(layer).attn.bias", .ones([1, 1, 80, 80])),
          ("h.\(layer).attn.masked_bias", .ones([1])),
        ]
      }
      try FamilyFixture.rename(folder, adding: masks) {
        $0.replacingOccurrences(of: "transformer.", with: "")
      }
      try sameLogits(try ModelFolder(folder).languageModel(), "gpt2")
    }
  }

  @Test("a GPT-NeoX with old fields, masks and either name of its head is the same model")
  func oldGPTNeoX() throws {
    try FamilyFixture.withCopy(of: "gpt_neox") { folder in
      try editConfiguration(
        folder,
        [
          "rope_parameters": nil, "rotary_pct": 0.25, "rotary_emb_base": 10000,
          "torch_dtype": "float32", "dtype": nil,
        ])
      let prefix = "gpt_neox.layers.0.attention"
      let buffers: NamedTensors = [
        ("\(prefix).bias", .ones([1, 1, 8, 8])), ("\(prefix).masked_bias", .ones([1])),
        ("\(prefix).rotary_emb.inv_freq", .ones([1])),
      ]
      try FamilyFixture.rename(folder, adding: buffers) { $0 }
      try sameLogits(try ModelFolder(folder).languageModel(), "gpt_neox")
      try FamilyFixture.rename(folder) { $0 == "embed_out.weight" ? "lm_head.weight" : $0 }
      try sameLogits(try ModelFolder(folder).languageModel(), "gpt_neox")
    }
  }

  @Test(
    "files of a bare transformer are read where the head is tied", arguments: ["qwen2", "gemma2"])
  func bare(name: String) throws {
    try FamilyFixture.withCopy(of: name) { folder in
      try FamilyFixture.rename(folder) { String($0.dropFirst("model.".count)) }
      try sameLogits(try ModelFolder(folder).languageModel(), name)
    }
  }

  @Test(
    "rotary fields from before transformers 5 give the same model",
    arguments: ["mistral", "qwen3", "phi3", "gemma2", "gemma3"])
  func oldRotaryFields(name: String) throws {
    try FamilyFixture.withCopy(of: name) { folder in
      var values = try readJSON(folder.appending(path: "config.json"))
      let rope = try #require(values["rope_parameters"] as? [String: Any])
      var changes: [String: Any?] = ["rope_parameters": nil]
      if let full = rope["full_attention"] as? [String: Any] {
        changes["rope_theta"] = full["rope_theta"]
        changes["rope_local_base_freq"] =
          (rope["sliding_attention"] as? [String: Any])?["rope_theta"]
        changes["rope_scaling"] = ["type": "linear", "factor": try #require(full["factor"])]
        changes["layer_types"] = nil
        changes["sliding_window_pattern"] = 3
      } else {
        changes["rope_theta"] = rope["rope_theta"]
        if var scaling = Optional(rope), scaling["rope_type"] as? String == "longrope" {
          changes["partial_rotary_factor"] = scaling["partial_rotary_factor"]
          for key in ["rope_type", "rope_theta", "partial_rotary_factor"] { scaling[key] = nil }
          scaling["original_max_position_embeddings"] = nil
          scaling["type"] = "su"
          changes["rope_scaling"] = scaling
        }
      }
      for (key, value) in changes { values[key] = value }
      try editConfiguration(folder, changes)
      try sameLogits(try ModelFolder(folder).languageModel(), name)
      if let long = try FamilyFixture.expected(name).long {
        let logits = try ModelFolder(folder).languageModel().logits([long.ids])
        expectClose(
          logits.picked(1, long.ids.count - 1).reshaped([-1]), long.logits,
          atol: FamilyFixture.tolerance)
      }
    }
  }

  @Test("a Gemma 3 that reads images opens as its text model, under all its names")
  func multimodalGemma() throws {
    let name = "gemma3_multimodal"
    let opened = try ModelFolder(FamilyFixture.folder(name))
    #expect(opened.configuration.family == "gemma3_text")
    #expect(opened.configuration.eosTokenIDs == [2])
    let model = try opened.languageModel()
    #expect(model.parameters.allSatisfy { $0.name.hasPrefix("model.") })
    try FamilyFixture.withCopy(of: name) { folder in
      // The names of transformers 5 in memory, and those of the first files.
      for (from, to) in [
        ("language_model.model.", "model.language_model."),
        ("model.language_model.", "language_model.model."),
      ] {
        try FamilyFixture.rename(folder) { $0.replacingOccurrences(of: from, with: to) }
        try sameLogits(try ModelFolder(folder).languageModel(), name)
      }
    }
  }

  @Test("configuration classes have the defaults of transformers")
  func defaults() throws {
    let all = try readJSON(Fixture.root.appending(path: "families/defaults.json"))
    #expect(all.count == 11)
    for (name, values) in all {
      let wanted = try #require(values as? [String: Any])
      let file = ConfigurationFields(path: "config.json", values: ["model_type": name])
      let found: [String: Any]
      if name.hasSuffix("vision_model") {
        found = try VisionConfiguration(file).fields
      } else {
        let json = try JSONSerialization.data(withJSONObject: ["model_type": name])
        let configuration = try ModelConfiguration(
          ConfigurationFields(path: "config.json", values: ["model_type": name]), json: json)
        switch name {
        case "gpt2": found = try configuration.gpt2().fields
        case "gpt_neox": found = try configuration.gptNeoX().fields
        case "gemma2", "gemma3_text": found = try configuration.gemma().fields
        default: found = try configuration.llama().fields
        }
      }
      // Written and read, numbers compare as numbers.
      let json = try JSONSerialization.data(withJSONObject: found)
      let read = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
      // Written as 0 by new models; and counted from the layers where no layer has a window.
      let ours = [
        "attention_dropout", "attn_pdrop", "embd_pdrop", "resid_pdrop", "hidden_dropout",
        "max_window_layers",
      ]
      var compared = 0
      for (key, value) in read where !ours.contains(key) {
        guard let expected = wanted[key] else { continue }
        if let rope = value as? [String: NSObject], let inner = expected as? [String: NSObject] {
          #expect(rope.allSatisfy { inner[$0.key] == $0.value }, "\(name): \(key)")
        } else {
          #expect(value as? NSObject == expected as? NSObject, "\(name): \(key)")
        }
        compared += 1
      }
      #expect(compared > 8)
    }
  }

  @Test("new models of every family are drawn, saved with their shape, and read again")
  func newModels() throws {
    let llama = { (family: LlamaFamily) in
      LlamaConfiguration(
        family: family, vocabularyCount: 20, width: 8, hiddenWidth: 12, layerCount: 2,
        headCount: 2, keyHeadCount: 1, headWidth: 4, rotaryWidth: family == .phi3 ? 2 : nil,
        slidingWindow: family == .llama ? nil : 3,
        firstSlidingLayer: family == .qwen2 || family == .qwen3 ? 1 : 0, tiesEmbedding: false)
    }
    for family in [LlamaFamily.llama, .mistral, .qwen2, .qwen3, .phi3] {
      try expectSurvives(llama(family)) { try $0.llama() }
    }
    for family in [GemmaFamily.gemma2, .gemma3] {
      try expectSurvives(
        GemmaConfiguration(
          family: family, vocabularyCount: 20, width: 8, hiddenWidth: 12, layerCount: 3,
          headCount: 2, keyHeadCount: 1, headWidth: 4, queryScalar: 6.5, slidingWindow: 3)
      ) { try $0.gemma() }
    }
    try expectSurvives(
      GPT2Configuration(vocabularyCount: 20, width: 8, layerCount: 2, headCount: 2)
    ) { try $0.gpt2() }
    try expectSurvives(
      GPTNeoXConfiguration(vocabularyCount: 20, width: 16, layerCount: 2, headCount: 2)
    ) { try $0.gptNeoX() }
    let text = try ModelConfiguration(
      llama(.qwen3), bosTokenID: 1, eosTokenID: 2, padTokenID: 0)
    for family in [VisionFamily.clip, .siglip] {
      try expectSurvives(
        LlavaConfiguration(
          vision: VisionConfiguration(
            family: family, width: 8, hiddenWidth: 12, layerCount: 2, headCount: 2, imageSize: 6,
            patchSize: 3), text: text, imageTokenID: 19)
      ) { try $0.llava() }
    }
  }

  private func expectSurvives<Shape: ModelShape>(
    _ shape: Shape, _ read: (ModelConfiguration) throws -> Shape
  ) throws {
    let configuration = try ModelConfiguration(
      shape, bosTokenID: 1, eosTokenID: 2, padTokenID: 0)
    let model = try ModelFolder.newLanguageModel(configuration, generator: Generator(seed: 3))
    #expect(model.states(Tensor(rows: [[3, 4, 5]]), checkpointing: false).shape[..<2] == [1, 3])
    try withTemporaryFolder { folder in
      try ModelFolder.save(model, tokenizer: nil, to: folder)
      let again = try ModelFolder(folder)
      if !(shape is LlavaConfiguration) { #expect(try read(again.configuration) == shape) }
      #expect(again.configuration.eosTokenIDs == [2])
      #expect(try again.languageModel().numbers == model.numbers)
    }
  }
}
