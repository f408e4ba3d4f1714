// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import Testing
import Torch

@Suite("Configurations of families that contradict themselves")
struct FamilyErrorTests {
  struct Bad: Sendable, CustomTestStringConvertible {
    var family: String
    var field: String
    var json: String
    /// The field the message names; the same unless given.
    var named: String?
    /// What the message says.
    var says: String
    var testDescription: String { "\(family): \(field): \(json)" }
  }

  @Test(
    "a field that cannot be used is named, with the way out",
    arguments: [
      Bad(
        family: "gpt2", field: "n_head", json: "3", named: "n_embd",
        says: "not a multiple of n_head"),
      Bad(family: "gpt2", field: "activation_function", json: "\"snake\"", says: "known: silu"),
      Bad(family: "gpt2", field: "add_cross_attention", json: "true", says: "set it to false"),
      Bad(family: "gpt2", field: "n_inner", json: "0", says: "from 1 to"),
      Bad(family: "gpt2", field: "n_layer", json: "1000000000", says: "at most 10000"),
      Bad(family: "gpt2", field: "vocab_size", json: "4611686018427387904", says: "from 1 to"),
      Bad(
        family: "gpt_neox", field: "num_attention_heads", json: "3", named: "hidden_size",
        says: "not a multiple"),
      Bad(
        family: "gpt_neox", field: "rope_parameters", json: "{\"partial_rotary_factor\": 0.1}",
        named: "rotary_pct", says: "turns pairs"),
      Bad(family: "mistral", field: "num_key_value_heads", json: "3", says: "does not divide"),
      Bad(family: "mistral", field: "sliding_window", json: "0", says: "from 1 to"),
      Bad(family: "mistral", field: "sliding_window", json: "\"5\"", says: "a whole number"),
      Bad(family: "mistral", field: "head_dim", json: "5", says: "turns pairs"),
      Bad(
        family: "qwen2", field: "num_attention_heads", json: "6", named: "hidden_size",
        says: "not a multiple"),
      Bad(
        family: "qwen2", field: "layer_types", json: "[\"full_attention\"]",
        says: "has 1 entries, but the model has 2 layers"),
      Bad(
        family: "qwen2", field: "layer_types", json: "[\"full_attention\", \"chunked_attention\"]",
        says: "known: full_attention, sliding_attention"),
      Bad(
        family: "qwen2", field: "use_sliding_window", json: "false", named: "layer_types",
        says: "sliding_window gives none"),
      Bad(
        family: "gemma2", field: "layer_types", json: "[1, 2]", says: "a list of texts"),
      Bad(family: "gemma2", field: "final_logit_softcapping", json: "-1", says: "above 0"),
      Bad(family: "gemma2", field: "query_pre_attn_scalar", json: "0", says: "above 0"),
      Bad(
        family: "gemma2", field: "hidden_activation", json: "\"silu2\"", says: "unknown activation"),
      Bad(
        family: "gemma3", field: "use_bidirectional_attention", json: "true", says: "only causal"),
      Bad(
        family: "gemma3", field: "rope_parameters",
        json: "{\"full_attention\": {\"rope_type\": \"spiral\"}}",
        named: "rope_parameters.full_attention.rope_type", says: "unknown rotary scaling"),
      Bad(
        family: "phi3", field: "rope_parameters",
        json: "{\"rope_type\": \"longrope\", \"short_factor\": [1], \"long_factor\": [1]}",
        named: "rope_parameters.short_factor", says: "has 1 numbers"),
      Bad(
        family: "llava_clip", field: "image_token_index", json: "24", says: "which knows 24"),
      Bad(
        family: "llava_clip", field: "vision_feature_layer", json: "[4]",
        says: "the encoder has 4 states"),
      Bad(
        family: "llava_clip", field: "vision_feature_select_strategy", json: "\"cls\"",
        says: "known: default, full"),
      Bad(
        family: "llava_clip", field: "vision_config", json: "{\"model_type\": \"vit\"}",
        named: "vision_config.model_type", says: "known: clip_vision_model"),
      Bad(
        family: "llava_clip", field: "vision_config",
        json: "{\"image_size\": 4, \"patch_size\": 8}",
        named: "vision_config.image_size", says: "in patches of 8"),
    ])
  func badField(_ bad: Bad) throws {
    try FamilyFixture.withCopy(of: bad.family) { folder in
      let value = try JSONSerialization.jsonObject(
        with: Data(bad.json.utf8), options: [.fragmentsAllowed])
      try editConfiguration(folder, [bad.field: value])
      do {
        _ = try ModelFolder(folder).languageModel()
        Issue.record("the model was read")
      } catch ModelFolderError.badConfiguration(let path, let field, let reason) {
        #expect(path == folder.appending(path: "config.json").path)
        #expect(field == bad.named ?? bad.field)
        #expect(reason.contains(bad.says), "\(reason)")
      }
    }
  }

  @Test(
    "a configuration that lies about shapes is told from the weights, without making what it says",
    arguments: [
      ("gpt2", "n_positions", 1 << 30, "transformer.wpe.weight"),
      ("mistral", "vocab_size", 1 << 30, "model.embed_tokens.weight"),
      ("gemma2", "intermediate_size", 1 << 30, "model.layers.0.mlp.gate_proj.weight"),
      ("phi3", "intermediate_size", 11, "model.layers.0.mlp.gate_up_proj.weight"),
      ("qwen3", "head_dim", 2, "model.layers.0.self_attn.q_proj.weight"),
    ])
  func wrongShapes(family: String, field: String, value: Int, name: String) throws {
    try FamilyFixture.withCopy(of: family) { folder in
      try editConfiguration(folder, [field: value])
      do {
        _ = try ModelFolder(folder).languageModel()
        Issue.record("the model was read")
      } catch WeightsError.shapeMismatch(let found, _, let configured) {
        #expect(found == name)
        #expect(configured.contains { $0 >= 8 || value < 8 })
      }
    }
  }

  @Test("a decoder of an unknown family inside a LLaVA is named beside those that are known")
  func unknownDecoder() throws {
    try FamilyFixture.withCopy(of: "llava_clip") { folder in
      try editConfiguration(folder, ["text_config": ["model_type": "mamba"]])
      do {
        _ = try ModelFolder(folder).languageModel()
        Issue.record("the model was read")
      } catch ModelFolderError.unknownArchitecture(_, let found, let known) {
        #expect(found == "mamba")
        #expect(known.contains("qwen3") && !known.contains("llava"))
      }
    }
  }
}
