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
  /// A text in front of which long words may be cut, where something else stands before it, without
  /// changing any token; nil where there is none.
  var boundary: [UInt8]? { get }

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

extension TokenModel {
  var boundary: [UInt8]? { nil }
}

/// Working memory of a model, kept between words so that none is allocated for each.
struct ModelScratch: Sendable {
  var pieces: [Piece] = []
  var next: [Int32] = []
  var previous: [Int32] = []
  var queue = MergeQueue()
  var path: [UnigramModel.PathNode] = []
  /// Whether a word held what cannot be written and was left out.
  var hasUnencodable = false
}

/// Reads the `model` of a tokenizer file.
///
/// - Throws: ``TokenizerError``; ``TokenizerError/unsupported(stage:)`` for a kind that is not
///   built in.
func makeModel(_ json: JSONField) throws -> any TokenModel {
  switch try modelType(json) {
  case "BPE": return try BytePairModel(json)
  case "Unigram": return try UnigramModel(json)
  case "WordPiece": return try WordPieceModel(json)
  case "WordLevel": return try WordLevelModel(json)
  case "": throw TokenizerError.missingField(file: json.file, field: "model.type")
  case let type: throw TokenizerError.unsupported(stage: "model '\(type)'")
  }
}

/// The kind of model. Old files leave it out, but each kind has a field that the others lack.
private func modelType(_ json: JSONField) throws -> String {
  if let type = try json.optional("type")?.string() { return type }
  if json.optional("merges") != nil { return "BPE" }
  if json.optional("continuing_subword_prefix") != nil { return "WordPiece" }
  if case .array? = json.optional("vocab")?.value { return "Unigram" }
  return json.optional("vocab") != nil && json.optional("unk_token") != nil ? "WordLevel" : ""
}
