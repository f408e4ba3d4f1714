// SPDX-License-Identifier: Apache-2.0

/// Trains a byte-level byte-pair tokenizer, as GPT-2's was, on texts.
///
/// Words are cut by the GPT-2 pattern; then the neighbouring pair of tokens that occurs most often
/// becomes a token, again and again. Of pairs that occur equally often the one with the lower ids
/// wins, so equal texts give equal tokenizers.
///
/// Ids: special tokens in their order, then the 256 bytes in order of the scalars that write them,
/// then merges. The first special token begins and ends texts; the second one, where there is one,
/// fills batches, else the first does.
///
/// Source: Sennrich et al. 2016, arXiv:1508.07909; bytes as units: Radford et al. 2019.
///
/// Departures: special tokens that stand in the texts are left out of the counts, for encoding
/// will never see their parts.
///
/// ```swift
/// let tokenizer = try BytePairTrainer(vocabularySize: 1_536).train(on: stories)
/// try tokenizer.save(to: folder)
/// ```
public struct BytePairTrainer: Sendable, Equatable {
  /// Entries at most, special tokens and bytes included. Fewer come out where the texts hold no
  /// more pairs that occur often enough.
  public var vocabularySize: Int
  /// Tokens that stand for themselves and take the first ids; may be empty.
  public var specialTokens: [String]
  /// Pairs that occur less often are not merged; 1 or less merges all.
  public var minimumFrequency: Int

  /// Makes a trainer.
  ///
  /// - Parameters:
  ///   - vocabularySize: entries at most; at least 256 more than special tokens.
  ///   - specialTokens: the token that begins and ends texts, the one that fills batches, others.
  ///   - minimumFrequency: pairs that occur less often are not merged.
  public init(
    vocabularySize: Int, specialTokens: [String] = ["<|endoftext|>", "<|pad|>"],
    minimumFrequency: Int = 2
  ) {
    self.vocabularySize = vocabularySize
    self.specialTokens = specialTokens
    self.minimumFrequency = minimumFrequency
  }

  /// Trains on texts, which are read once.
  ///
  /// - Parameter texts: any texts; no word reaches from one into the next.
  /// - Returns: a tokenizer whose files Python's `tokenizers` reads and follows to the same ids.
  /// - Throws: ``TokenizerError/vocabularyTooSmall(requested:minimum:)``, and
  ///   ``TokenizerError/tokenCollision(file:token:first:second:)`` for a special token given twice.
  public func train(on texts: some Sequence<String>) throws -> Tokenizer {
    let minimum = 256 + specialTokens.count
    guard vocabularySize >= minimum else {
      throw TokenizerError.vocabularyTooSmall(requested: vocabularySize, minimum: minimum)
    }
    let added = specialTokens.enumerated().map { AddedToken(special: $1, id: Int32($0)) }
    var vocabulary = Vocabulary()
    for token in added {
      try vocabulary.insert(token.content, id: token.id, file: "special tokens")
    }
    var byteIDs = [Int32](repeating: 0, count: 256)
    for byte in (0...255).sorted(by: { ByteAlphabet.scalars[$0] < ByteAlphabet.scalars[$1] }) {
      byteIDs[byte] = Int32(vocabulary.count)
      try vocabulary.insert(
        String(decoding: ByteAlphabet.encodings[byte], as: UTF8.self), id: byteIDs[byte],
        file: "special tokens")
    }

    let words = countWords(of: texts, except: added)
    let merges = try findMerges(words, byteIDs: byteIDs, into: &vocabulary)
    let model = BytePairModel(vocabulary: vocabulary, merges: merges)
    return try tokenizer(model, added)
  }

  private func countWords(
    of texts: some Sequence<String>, except added: [AddedToken]
  ) -> WordCounter {
    let matcher = AddedTokenMatcher(added.map { ($0, Array($0.content.utf8)) })
    var counter = WordCounter()
    var cuts: [Range<Int>] = []
    for text in texts {
      var text = text
      text.withUTF8 { bytes in
        for part in matcher.split(bytes) where part.id == nil {
          cuts.removeAll(keepingCapacity: true)
          GPT2Pattern.cut(bytes, part.range, into: &cuts)
          for cut in cuts { counter.add(UnsafeBufferPointer(rebasing: bytes[cut])) }
        }
      }
    }
    return counter
  }

  private func findMerges(
    _ words: WordCounter, byteIDs: [Int32], into vocabulary: inout Vocabulary
  ) throws -> [(left: Int32, right: Int32, merged: Int32)] {
    var statistics = PairStatistics(words, byteIDs: byteIDs)
    var merges: [(left: Int32, right: Int32, merged: Int32)] = []
    while vocabulary.count < vocabularySize,
      let (left, right) = statistics.takeBest(minimum: minimumFrequency)
    {
      let bytes =
        (vocabulary.bytes(of: Int(left)) ?? []) + (vocabulary.bytes(of: Int(right)) ?? [])
      // Two pairs may spell one token, which then keeps its first id.
      let merged = vocabulary.id(of: bytes) ?? Int32(vocabulary.count)
      try vocabulary.insert(
        String(decoding: bytes, as: UTF8.self), id: merged, file: "trained vocabulary")
      statistics.merge(left, right, into: merged)
      merges.append((left, right, merged))
    }
    return merges
  }

  private func tokenizer(_ model: BytePairModel, _ added: [AddedToken]) throws -> Tokenizer {
    let byteLevel = JSONValue.object([
      JSONMember("type", .string("ByteLevel")),
      JSONMember("add_prefix_space", .bool(false)),
      JSONMember("trim_offsets", .bool(false)),
      JSONMember("use_regex", .bool(true)),
    ])
    let document = JSONValue.object([
      JSONMember("version", .string("1.0")),
      JSONMember("truncation", .null),
      JSONMember("padding", .null),
      JSONMember("added_tokens", .array([])),
      JSONMember("normalizer", .null),
      JSONMember("pre_tokenizer", byteLevel),
      JSONMember("post_processor", byteLevel),
      JSONMember("decoder", byteLevel),
      JSONMember("model", .null),
    ])
    var roles: [String: String] = [:]
    if let end = specialTokens.first {
      roles = ["bos_token": end, "eos_token": end]
      roles["pad_token"] = specialTokens.dropFirst().first ?? end
    }
    let pipeline = try Pipeline(
      JSONField(document, file: "trained tokenizer"), model: model, addedTokens: added)
    return try Tokenizer(pipeline, TokenizerConfiguration(tokens: roles))
  }
}
