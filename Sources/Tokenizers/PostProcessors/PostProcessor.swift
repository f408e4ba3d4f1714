// SPDX-License-Identifier: Apache-2.0

/// Token ids of one text and, where asked for, the source of each.
struct Encoding {
  var ids: [Int32] = []
  /// One range for each id, or nil when nobody asked.
  var sources: [SourceRange]?
}

/// Finishes an encoding: adds tokens around it or corrects its offsets.
protocol PostProcessor: Sendable {
  /// Finishes one encoding in place.
  ///
  /// - Parameters:
  ///   - encoding: what the model made of the text.
  ///   - addSpecialTokens: whether tokens may be added.
  ///   - vocabulary: the tokens that the ids stand for.
  func process(_ encoding: inout Encoding, addSpecialTokens: Bool, vocabulary: Vocabulary)
}

/// Reads the `post_processor` of a tokenizer file.
///
/// - Throws: ``TokenizerError/unsupported(stage:)`` for a kind that is not built in.
func makePostProcessor(_ json: JSONField) throws -> any PostProcessor {
  switch try json.stageType() {
  case "Sequence":
    PostProcessorSequence(
      stages: try json.required("processors").elements().map(makePostProcessor))
  case "TemplateProcessing": try TemplatePostProcessor(json)
  case "ByteLevel": try ByteLevelPostProcessor(json)
  case let type: throw TokenizerError.unsupported(stage: "post_processor '\(type)'")
  }
}

/// Several post-processors, one after the other.
struct PostProcessorSequence: PostProcessor {
  let stages: [any PostProcessor]

  func process(_ encoding: inout Encoding, addSpecialTokens: Bool, vocabulary: Vocabulary) {
    for stage in stages {
      stage.process(&encoding, addSpecialTokens: addSpecialTokens, vocabulary: vocabulary)
    }
  }
}
