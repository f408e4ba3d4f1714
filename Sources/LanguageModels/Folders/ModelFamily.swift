// SPDX-License-Identifier: Apache-2.0
import Torch

/// One value of `model_type`: how its models are built, and what Hugging Face calls their classes and parameters.
struct ModelFamily: Sendable {
  /// Builds a model of the family.
  let build: @Sendable (ModelConfiguration, Scope) throws -> any Decoder
  /// Class of the language model.
  let languageArchitecture: String
  /// Class of the sequence classifier.
  let classifierArchitecture: String
  /// Where the parameters of the transformer are; files of a bare transformer lack this prefix.
  var trunk = "model"
  /// The output matrix where it is not the embedding.
  var head = "lm_head.weight"
  /// The values of a family of Llama's layout.
  var llama: LlamaFamily?
  /// The values of a family of Gemma's layout.
  var gemma: GemmaFamily?
  /// Where only a part of the file is read as a language model: its object in `config.json` and its usual family.
  var part: Part?
  /// The name the model asks for, of a name on disk and the trunk of the part; nil for what is no parameter.
  var rename: @Sendable (String, String) -> String? = { name, _ in name }
  /// The path of a module in transformers, which adapters go by, of its path in checkpoints.
  var moduleName: @Sendable (String) -> String = { $0 }

  /// A language model inside a larger one.
  struct Part: Sendable {
    let field: String
    let standardFamily: String
    /// Whether the rest of the file is read too.
    let isWhole: Bool
  }

  /// The families known, by `model_type`: the one place where a name chooses a type.
  static let all: [String: ModelFamily] = [
    "gpt2": ModelFamily(
      build: { try GPT2($0, $1) }, languageArchitecture: "GPT2LMHeadModel",
      classifierArchitecture: "GPT2ForSequenceClassification", trunk: "transformer",
      rename: { name, _ in isMaskBuffer(name, of: "attn") ? nil : name }),
    "gpt_neox": ModelFamily(
      build: { try GPTNeoX($0, $1) }, languageArchitecture: "GPTNeoXForCausalLM",
      classifierArchitecture: "GPTNeoXForSequenceClassification", trunk: "gpt_neox",
      head: "embed_out.weight",
      rename: { name, _ in
        if isMaskBuffer(name, of: "attention") { return nil }
        return name == "lm_head.weight" ? "embed_out.weight" : name
      }),
    "llama": layout("Llama", .llama),
    "mistral": layout("Mistral", .mistral),
    "qwen2": layout("Qwen2", .qwen2),
    "qwen3": layout("Qwen3", .qwen3),
    "phi3": layout("Phi3", .phi3),
    "gemma2": ModelFamily(
      build: { try Gemma($0, $1) }, languageArchitecture: "Gemma2ForCausalLM",
      classifierArchitecture: "Gemma2ForSequenceClassification", gemma: .gemma2),
    "gemma3_text": ModelFamily(
      build: { try Gemma($0, $1) }, languageArchitecture: "Gemma3ForCausalLM",
      classifierArchitecture: "Gemma3TextForSequenceClassification", gemma: .gemma3),
    "gemma3": ModelFamily(
      build: { try Gemma($0, $1) }, languageArchitecture: "Gemma3ForCausalLM",
      classifierArchitecture: "Gemma3TextForSequenceClassification",
      part: Part(field: "text_config", standardFamily: "gemma3_text", isWhole: false),
      rename: { Llava.textName($0, decoderTrunk: $1) }),
    "llava": ModelFamily(
      build: { try Llava($0, $1) }, languageArchitecture: "LlavaForConditionalGeneration",
      classifierArchitecture: "LlavaForSequenceClassification", trunk: "language_model",
      head: "language_model.lm_head.weight",
      part: Part(field: "text_config", standardFamily: "llama", isWhole: true),
      rename: { Llava.storedName($0, decoderTrunk: $1) }, moduleName: { Llava.moduleName($0) }),
  ]

  private static func layout(_ stem: String, _ values: LlamaFamily) -> ModelFamily {
    ModelFamily(
      build: { try Llama($0, $1) }, languageArchitecture: "\(stem)ForCausalLM",
      classifierArchitecture: "\(stem)ForSequenceClassification", llama: values)
  }

  /// Causal masks that older files store beside the weights.
  private static func isMaskBuffer(_ name: String, of module: String) -> Bool {
    name.hasSuffix(".\(module).bias") || name.hasSuffix(".\(module).masked_bias")
  }
}

/// A checkpoint under the names a family's models ask for, whatever program and version wrote it.
struct RenamedSource: TensorSource {
  private let source: any TensorSource
  /// The name on disk of each name asked for.
  private let storedNames: [String: String]

  /// Renames what a source holds.
  ///
  /// - Parameters:
  ///   - source: the file.
  ///   - family: that of `config.json`.
  ///   - partTrunk: where the parameters of the language model inside a larger one are.
  init(_ source: any TensorSource, for family: ModelFamily, partTrunk: String) {
    self.source = source
    var names: [String: String] = [:]
    for stored in source.names where !stored.hasSuffix("rotary_emb.inv_freq") {
      guard let name = family.rename(stored, partTrunk) else { continue }
      // A name that needs no change wins over an older one of the same tensor.
      if names[name] == nil || stored == name { names[name] = stored }
    }
    let isBare = !names.keys.contains { $0.hasPrefix("\(family.trunk).") }
    let outside = [family.head, "score.weight", "score.bias"]
    storedNames = Dictionary(
      names.map { name, stored in
        (isBare && !outside.contains(name) ? "\(family.trunk).\(name)" : name, stored)
      }, uniquingKeysWith: { $1 })
  }

  var names: [String] { Array(storedNames.keys) }
  func shape(of name: String) -> [Int]? { storedNames[name].flatMap { source.shape(of: $0) } }
  func tensor(_ name: String) throws -> Tensor? {
    try storedNames[name].flatMap { try source.tensor($0) }
  }
}
