// SPDX-License-Identifier: Apache-2.0

/// A normalised segment cut into words: the model never merges across a cut.
struct WordCuts {
  var text: AlignedText
  /// The words as byte ranges of `text`, in order.
  var words: [Range<Int>]
  /// Whether the model must look up bytes in the ``ByteAlphabet`` rather than scalars.
  var isByteLevel = false

  init(_ text: AlignedText) {
    self.text = text
    words = text.bytes.isEmpty ? [] : [0..<text.bytes.count]
  }
}

/// Cuts a segment into words, and may rewrite it on the way.
protocol PreTokenizer: Sendable {
  func cut(_ cuts: inout WordCuts)
}

/// Reads the `pre_tokenizer` of a tokenizer file.
///
/// - Throws: ``TokenizerError/unsupported(stage:)`` for a kind that is not built in.
func makePreTokenizer(_ json: JSONField) throws -> any PreTokenizer {
  switch try json.stageType() {
  case "Sequence": return try PreTokenizerSequence(json)
  case "ByteLevel": return try ByteLevelPreTokenizer(json)
  case let type: throw TokenizerError.unsupported(stage: "pre_tokenizer '\(type)'")
  }
}

/// Several pre-tokenizers, each cutting the words of the one before.
struct PreTokenizerSequence: PreTokenizer {
  private let stages: [any PreTokenizer]

  init(_ json: JSONField) throws {
    stages = try json.required("pretokenizers").elements().map(makePreTokenizer)
    // Bytes stay bytes here until the model; a later stage would expect their written form.
    if stages.dropLast().contains(where: { $0 is ByteLevelPreTokenizer }) {
      throw TokenizerError.unsupported(
        stage: "pre_tokenizer 'Sequence' with a stage after 'ByteLevel'")
    }
  }

  func cut(_ cuts: inout WordCuts) {
    for stage in stages { stage.cut(&cuts) }
  }
}
