// SPDX-License-Identifier: Apache-2.0

/// Finishes encodings: adds tokens around them or corrects their offsets.
protocol PostProcessor: Sendable {
  /// How many tokens are added to a text or a pair of texts.
  func addedCount(isPair: Bool) -> Int

  /// Finishes a text or a pair of texts.
  ///
  /// - Parameters:
  ///   - parts: what the model made of the texts, with type ids 0 and 1; in a sequence of
  ///     processors, what the one before returned.
  ///   - addSpecialTokens: whether tokens may be added.
  ///   - vocabulary: the tokens that the ids stand for.
  /// - Returns: the parts of the result, in order.
  func process(
    _ parts: [Encoding], addSpecialTokens: Bool, vocabulary: Vocabulary
  ) -> [Encoding]
}

/// Reads the `post_processor` of a tokenizer file.
///
/// - Throws: ``TokenizerError/unsupported(stage:)`` for a kind that is not built in.
func makePostProcessor(_ json: JSONField) throws -> any PostProcessor {
  switch try json.stageType() {
  case "Sequence": return try PostProcessorSequence(json)
  case "TemplateProcessing": return try TemplatePostProcessor(json)
  case "ByteLevel": return try ByteLevelPostProcessor(json)
  case "BertProcessing": return try BertPostProcessor(json)
  case "RobertaProcessing": return try RobertaPostProcessor(json)
  case let type: throw TokenizerError.unsupported(stage: "post_processor '\(type)'")
  }
}

/// Several post-processors, one after the other.
struct PostProcessorSequence: PostProcessor {
  private let stages: [any PostProcessor]

  init(_ json: JSONField) throws {
    stages = try json.required("processors").elements().map(makePostProcessor)
    // A template takes texts, but gives texts and tokens apart.
    if stages.count(where: { $0 is TemplatePostProcessor || $0 is PostProcessorSequence }) > 1 {
      throw TokenizerError.unsupported(
        stage: "post_processor 'Sequence' with more than one template or sequence in it")
    }
  }

  func addedCount(isPair: Bool) -> Int {
    stages.reduce(0) { $0 + $1.addedCount(isPair: isPair) }
  }

  func process(
    _ parts: [Encoding], addSpecialTokens: Bool, vocabulary: Vocabulary
  ) -> [Encoding] {
    stages.reduce(parts) {
      $1.process($0, addSpecialTokens: addSpecialTokens, vocabulary: vocabulary)
    }
  }
}
