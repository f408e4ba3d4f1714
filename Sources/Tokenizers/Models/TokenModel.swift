// SPDX-License-Identifier: Apache-2.0

/// One token within a word.
struct Piece: Sendable {
  var id: Int32
  /// First byte, counted from the beginning of the word.
  var start: Int32
  /// Bytes of the word that it covers.
  var byteCount: Int32
}

/// Turns one word into tokens.
protocol TokenModel: Sendable {
  /// The model's own tokens, without added ones.
  var vocabulary: Vocabulary { get }
  /// The token for what the vocabulary cannot write, where the model has one.
  var unknownToken: String? { get }
  /// The `model` object of a tokenizer file.
  var json: JSONValue { get }

  /// Appends the tokens of a word.
  ///
  /// - Parameters:
  ///   - word: valid UTF-8, not empty.
  ///   - isByteLevel: whether single bytes, written in the ``ByteAlphabet``, are the smallest
  ///     units; else scalars are.
  ///   - scratch: working memory that one call leaves to the next.
  ///   - pieces: where the tokens go.
  func tokenize(
    _ word: UnsafeBufferPointer<UInt8>, isByteLevel: Bool, scratch: inout ModelScratch,
    into pieces: inout [Piece])
}

/// Working memory of a model, kept between words so that none is allocated for each.
struct ModelScratch: Sendable {
  var pieces: [Piece] = []
  var ranks: [UInt32] = []
  var next: [Int32] = []
  var previous: [Int32] = []
  var queue = MergeQueue()
}

/// Reads the `model` of a tokenizer file.
///
/// - Throws: ``TokenizerError``; ``TokenizerError/unsupported(stage:)`` for a kind that is not
///   built in.
func makeModel(_ json: JSONField) throws -> any TokenModel {
  // Old files leave the type out; only byte-pair models have merges.
  let type = try json.optional("type")?.string() ?? (json.optional("merges") == nil ? "" : "BPE")
  switch type {
  case "BPE": return try BytePairModel(json)
  case "": throw TokenizerError.missingField(file: json.file, field: "model.type")
  default: throw TokenizerError.unsupported(stage: "model '\(type)'")
  }
}
