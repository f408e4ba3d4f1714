// SPDX-License-Identifier: Apache-2.0
import Foundation
import Torch

extension ModelConfiguration {
  /// The shape of a Llama or of a family of its layout: Mistral, Qwen2, Qwen3, Phi-3.
  ///
  /// - Throws: ``ModelFolderError`` where the file is of another family or contradicts itself.
  public func llama() throws -> LlamaConfiguration {
    guard let layout = ModelFamily.all[family]?.llama else { throw otherFamily("a Llama") }
    return try LlamaConfiguration(fields, layout)
  }

  /// The shape of a Gemma 2 or of the text model of a Gemma 3.
  ///
  /// - Throws: ``ModelFolderError`` where the file is of another family or contradicts itself.
  public func gemma() throws -> GemmaConfiguration {
    guard let layout = ModelFamily.all[family]?.gemma else { throw otherFamily("a Gemma") }
    return try GemmaConfiguration(fields, layout)
  }

  /// The shape of a GPT-2.
  ///
  /// - Throws: ``ModelFolderError`` where the file contradicts itself.
  public func gpt2() throws -> GPT2Configuration { try GPT2Configuration(fields) }

  /// The shape of a GPT-NeoX or Pythia model.
  ///
  /// - Throws: ``ModelFolderError`` where the file contradicts itself.
  public func gptNeoX() throws -> GPTNeoXConfiguration { try GPTNeoXConfiguration(fields) }

  /// The shape of a LLaVA.
  ///
  /// - Throws: ``ModelFolderError`` where the file contradicts itself.
  public func llava() throws -> LlavaConfiguration { try LlavaConfiguration(self) }

  /// Builds the model, its numbers from a store.
  func build(_ scope: Scope) throws -> any Decoder {
    guard let known = ModelFamily.all[family] else {
      throw ModelFolderError.unknownArchitecture(
        path: path, found: family, known: ModelFamily.all.keys.sorted())
    }
    return try known.build(self, scope)
  }

  /// The family of the language model inside a larger one; this one's own where it is already that part.
  func partFamily(_ part: ModelFamily.Part) throws -> String {
    guard part.isWhole else { return family }
    return try self.part(part.field, standardFamily: part.standardFamily).family
  }

  private func otherFamily(_ wanted: String) -> ModelFolderError {
    fields.error("model_type", "'\(family)' is not of the layout of \(wanted)")
  }

  /// The language model inside a file that describes more than one.
  ///
  /// - Parameters:
  ///   - field: the object that describes it.
  ///   - standardFamily: its family where the object does not say.
  /// - Returns: a configuration of that family, with the special tokens and types of the whole.
  /// - Throws: ``ModelFolderError``.
  func part(_ field: String, standardFamily: String) throws -> ModelConfiguration {
    let whole = fields
    var values = try whole.object(field)?.values ?? [:]
    let modelType = values["model_type"] as? String ?? standardFamily
    guard let family = ModelFamily.all[modelType], family.part == nil else {
      let known = ModelFamily.all.filter { $0.value.part == nil }.keys.sorted()
      throw ModelFolderError.unknownArchitecture(path: path, found: modelType, known: known)
    }
    values["model_type"] = modelType
    values["architectures"] = [
      hasLanguageHead ? family.languageArchitecture : family.classifierArchitecture
    ]
    let shared = [
      "bos_token_id", "eos_token_id", "pad_token_id", "dtype", "torch_dtype", "num_labels",
      "id2label", "label2id",
    ]
    for name in shared where values[name] == nil || values[name] is NSNull {
      values[name] = whole.values[name]
    }
    if try whole.flag("tie_word_embeddings") == true { values["tie_word_embeddings"] = true }
    let json = try ConfigurationJSON.data(values)
    return try ModelConfiguration(
      ConfigurationFields(path: path, prefix: "\(field).", values: values), json: json)
  }
}
