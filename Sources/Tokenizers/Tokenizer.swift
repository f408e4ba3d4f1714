// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Turns text into token ids and back, as the `tokenizer.json` of a model says.
///
/// ```swift
/// let tokenizer = try Tokenizer(folder: URL(filePath: "models/stories260k"))
/// let ids = tokenizer.encode("Once upon a time")   // [1, 403, 407, 261, 378]
/// let text = tokenizer.decode(ids)                 // "Once upon a time"
/// ```
///
/// A copy is cheap: the pipeline is shared and immutable. Any number of threads may encode at once.
///
/// Built in are the stages that `tokenizer.json` files hold; the list is on this module's page. A file
/// that asks for another one fails to load with ``TokenizerError/unsupported(stage:)``; none is
/// skipped in silence. Of `tokenizer_config.json`, `add_bos_token`, `add_eos_token` and
/// `clean_up_tokenization_spaces` are not applied: the post-processor and the decoder of
/// `tokenizer.json` alone decide. Its `truncation` and `padding` are for
/// ``encodeBatch(_:addSpecialTokens:)``; ``encode(_:addSpecialTokens:)`` gives all tokens.
///
/// Characters are told apart as `tokenizers` 0.23 does, by tables that were read off it. Regular
/// expressions run in PCRE2; what they say of scripts (`\p{Han}`) is as new as the installed PCRE2.
public struct Tokenizer: Sendable {
  let pipeline: Pipeline
  var configuration: TokenizerConfiguration
  /// How ``encodeBatch(_:addSpecialTokens:)`` cuts texts; nil leaves them whole. The
  /// file's setting at first.
  public var truncation: Truncation?
  /// How ``encodeBatch(_:addSpecialTokens:)`` fills rows up; nil leaves them as they
  /// are. The file's setting at first.
  public var padding: Padding?

  /// Ids that decoding leaves out when it skips special tokens: those of added tokens marked
  /// special.
  let skippedIDs: Set<Int>

  /// Reads a tokenizer from a model folder.
  ///
  /// - Parameter folder: holds `tokenizer.json` and, where present, `tokenizer_config.json`,
  ///   `special_tokens_map.json`, `chat_template.jinja` and `additional_chat_templates/*.jinja`.
  /// - Throws: ``TokenizerError``.
  public init(folder: URL) throws {
    let files = TokenizerFolder(url: folder)
    guard let tokenizer = try files.json("tokenizer.json") else {
      throw TokenizerError.missingTokenizerJSON(folder: folder.path)
    }
    let configuration = try TokenizerConfiguration(
      configuration: try files.json("tokenizer_config.json"),
      specialTokens: try files.json("special_tokens_map.json"),
      templates: try files.templates())
    try self.init(Pipeline(tokenizer), configuration)
    try readBatchSettings(tokenizer)
  }

  /// Reads a tokenizer from the contents of its files.
  ///
  /// - Parameters:
  ///   - tokenizerJSON: the contents of `tokenizer.json`.
  ///   - configuration: the contents of `tokenizer_config.json`; nil leaves the roles of tokens
  ///     (`bosTokenID` and so on), the chat template and the length limit unknown.
  /// - Throws: ``TokenizerError``.
  public init(tokenizerJSON: Data, configuration: Data?) throws {
    let json = try TokenizerFolder.parse(tokenizerJSON, file: "tokenizer.json")
    let settings = try configuration.map {
      try TokenizerFolder.parse($0, file: "tokenizer_config.json")
    }
    try self.init(
      Pipeline(json),
      TokenizerConfiguration(configuration: settings, specialTokens: nil))
    try readBatchSettings(json)
  }

  private mutating func readBatchSettings(_ json: JSONField) throws {
    truncation = try json.optional("truncation").map { try Truncation($0) }
    padding = try json.optional("padding").map { try Padding($0) }
  }

  /// Puts a pipeline and a configuration together; each role must name a token that exists.
  init(_ pipeline: Pipeline, _ configuration: TokenizerConfiguration) throws {
    for role in TokenizerConfiguration.roles {
      guard let token = configuration.tokens[role] else { continue }
      guard pipeline.vocabulary.id(of: token) != nil else {
        throw TokenizerError.unknownToken(
          file: configuration.files[role] ?? "tokenizer configuration", field: role, token: token)
      }
    }
    self.pipeline = pipeline
    self.configuration = configuration
    skippedIDs = Set(pipeline.addedTokens.filter(\.isSpecial).map { Int($0.id) })
  }

  /// Encodes a text.
  ///
  /// What the vocabulary cannot write, where it has no unknown token, is left out, and a text on
  /// which a regular expression takes too long is cut less finely; ``encodeBatch(_:addSpecialTokens:)``
  /// throws in both cases.
  ///
  /// - Parameters:
  ///   - text: any text, also empty. Special tokens written in it become their ids.
  ///   - addSpecialTokens: whether the post-processor may add tokens such as `<s>`. Pass false for
  ///     a text that a chat template made: it has them already.
  /// - Returns: token ids in `0..<vocabularyCount`.
  public func encode(_ text: String, addSpecialTokens: Bool = true) -> [Int] {
    pipeline.encode(text, addSpecialTokens: addSpecialTokens, wantsSources: false)
      .ids.map(Int.init)
  }

  /// Encodes a text and says where each token comes from.
  ///
  /// - Parameters:
  ///   - text: any text, also empty.
  ///   - addSpecialTokens: whether the post-processor may add tokens such as `<s>`.
  /// - Returns: token ids, and for each the half-open range of Unicode scalars of `text` that it
  ///   stands for. Tokens that split one scalar all give that scalar's range; tokens that the
  ///   post-processor added give `0..<0`.
  public func encodeWithOffsets(
    _ text: String, addSpecialTokens: Bool = true
  ) -> (ids: [Int], offsets: [Range<Int>]) {
    let encoding = pipeline.encode(
      text, addSpecialTokens: addSpecialTokens, wantsSources: true)
    let offsets = (encoding.sources ?? []).map(\.range)
    return (encoding.ids.map(Int.init), offsets)
  }

  /// Decodes token ids.
  ///
  /// - Parameters:
  ///   - ids: token ids; those that no token has are left out.
  ///   - skipSpecialTokens: leaves out added tokens that are marked special.
  /// - Returns: the text. Bytes that are no valid UTF-8, as at a cut inside an emoji, become
  ///   U+FFFD.
  public func decode(_ ids: [Int], skipSpecialTokens: Bool = true) -> String {
    pipeline.decode(tokens(ids, skipSpecialTokens: skipSpecialTokens))
  }

  /// The tokens to decode, as UTF-8.
  func tokens(_ ids: some Sequence<Int>, skipSpecialTokens: Bool) -> [[UInt8]] {
    ids.compactMap { id in
      skipSpecialTokens && skippedIDs.contains(id) ? nil : pipeline.decodingBytes(of: id)
    }
  }

  /// The id of a token as the vocabulary writes it ("Ġthe", "▁the"), or nil where there is none.
  public func id(of token: String) -> Int? {
    pipeline.vocabulary.id(of: token).map(Int.init)
  }

  /// The token of an id as the vocabulary writes it, or nil where no token has the id.
  public func token(of id: Int) -> String? {
    pipeline.vocabulary.bytes(of: id).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The bytes that a token stands for wherever it is; nil where they depend on its neighbours, as with
  /// SentencePiece's blanks, and where no token has the id.
  package func rawBytes(of id: Int) -> [UInt8]? {
    guard let token = pipeline.decodingBytes(of: id) else { return nil }
    if pipeline.decoder is ByteLevelDecoder { return ByteLevelDecoder.raw(token) }
    guard pipeline.decoder?.fallsBackToBytes == true else { return nil }
    return ByteFallbackDecoder.byte(token).map { [$0] }
  }

  /// One more than the highest id, added tokens included: the least number of rows that an
  /// embedding matrix needs.
  public var vocabularyCount: Int { pipeline.vocabulary.count }
}
