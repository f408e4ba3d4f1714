// SPDX-License-Identifier: Apache-2.0

import Evaluation
import Feedback
import Foundation
import LanguageModels
import Tokenizers
import Torch
import Training

/// A language model ready to write: weights, tokenizer, and what its folder says about generation.
struct LoadedPolicy {
  let model: any LanguageModel
  let tokenizer: Tokenizer
  let defaults: GenerationDefaults
  let encoder: TextEncoder

  /// Reads a model folder.
  ///
  /// - Parameters:
  ///   - folder: of a model or an adapter.
  ///   - precision: type and device.
  ///   - quantization: how matrices are kept in memory; nil keeps them as the folder has them.
  ///   - chatTemplate: a chat template in place of the tokenizer's own.
  /// - Throws: errors of the folder and of the device.
  init(
    _ folder: URL, _ precision: PrecisionOptions, quantization: Quantization? = nil,
    chatTemplate: String? = nil
  ) throws {
    let files = try ModelFolder(folder)
    var tokenizer = try files.tokenizer()
    if let chatTemplate { tokenizer.chatTemplateText = chatTemplate }
    self.tokenizer = tokenizer
    defaults = try files.generationDefaults()
    model = try files.languageModel(
      elementType: precision.elementType, device: try precision.apply(),
      quantization: quantization, isForDecoding: true)
    encoder = TextEncoder(tokenizer, maxLength: files.configuration.maximumLength ?? .max)
  }

  /// Tokens that end a text, by the tokenizer, its chat template and the folder.
  var stopTokenIDs: Set<Int> {
    Set(defaults.eosTokenIDs).union(
      [tokenizer.eosTokenID, encoder.turnEndTokenID].compactMap(\.self))
  }

  /// Most tokens of prompt and completion together; nil where the folder does not say.
  var maximumLength: Int? { model.configuration.maximumLength }

  /// Tokens of a prompt that leave room for a completion.
  ///
  /// - Parameters:
  ///   - prompt: text or messages.
  ///   - context: what else the row gives the chat template.
  ///   - place: the row it stands in; nil on the command line.
  /// - Returns: token ids, at least one and fewer than the model takes.
  /// - Throws: ``FeedbackError``, or ``UsageError`` for a prompt of the command line.
  func encode(
    _ prompt: RecordText, _ context: ChatContext = ChatContext(), at place: Provenance?
  ) throws -> [Int] {
    func fail(_ problem: String) -> any Error {
      place.map { FeedbackError.field(at: $0, field: "prompt", problem: problem) }
        ?? UsageError("the prompt \(problem)")
    }
    let ids: [Int]
    do {
      ids = try encoder.prompt(prompt, context)
    } catch let error as TemplateError {
      throw fail("cannot be laid out: \(error)")
    }
    guard !ids.isEmpty else {
      throw fail("is empty, and this tokenizer begins no text by itself; give a character at least")
    }
    if let limit = maximumLength, ids.count >= limit {
      throw fail(
        "has \(ids.count) tokens, and the model takes \(limit) with the completion; shorten it")
    }
    return ids
  }

  /// Tells the user where the model's length may cut completions short.
  func warn(ofLength promptLength: Int, _ settings: SamplingSettings) {
    guard let limit = maximumLength, settings.maxLength ?? .max > limit,
      settings.maxNewTokens > limit - promptLength
    else { return }
    let asked =
      settings.maxNewTokens == .max ? "its completion" : "--max_new_tokens \(settings.maxNewTokens)"
    Output.current.note(
      "a prompt of \(promptLength) tokens and \(asked) may exceed the \(limit) tokens the model takes; "
        + "completions end there")
  }
}
