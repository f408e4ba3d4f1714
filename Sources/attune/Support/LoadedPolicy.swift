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
  /// - Throws: errors of the folder and of the device.
  init(_ folder: URL, _ precision: PrecisionOptions) throws {
    let files = try ModelFolder(folder)
    tokenizer = try files.tokenizer()
    defaults = try files.generationDefaults()
    model = try files.languageModel(
      elementType: precision.elementType, device: try precision.apply())
    encoder = TextEncoder(tokenizer, maxLength: files.configuration.maximumLength ?? .max)
  }

  /// Tokens that end a text, by the tokenizer and by the folder.
  var stopTokenIDs: Set<Int> {
    Set(defaults.eosTokenIDs).union(tokenizer.eosTokenID.map { [$0] } ?? [])
  }

  /// Most tokens of prompt and completion together; nil where the folder does not say.
  var maximumLength: Int? { model.configuration.maximumLength }
}
