// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Trains a unigram tokenizer, as those of T5 and XLM-R were, on texts.
///
/// All substrings that occur several times are candidates; expectation-maximisation gives each a
/// probability p(x), and those whose loss costs the likelihood least are dropped, a quarter at a
/// time, until 1.1 times the wanted number is left. Single characters always stay.
///
/// For a word X with all its ways S(X) to be written as pieces, the E step collects the expected count
/// c(x) of each piece under P(X, x) = Π p(xᵢ), and the M step sets
///
///     log p(x) = ψ(c(x)) − ψ(Σ c)
///
/// with the digamma function ψ, which takes probability from rare pieces; those with c(x) < 0.5 go.
///
/// Source: Kudo 2018, arXiv:1804.10959, section 3.2; seeds, pruning and constants as in SentencePiece
/// and in the `UnigramTrainer` of `tokenizers`, whose pieces and scores come out.
///
/// Departures: special tokens that stand in the texts are left out of the counts. Characters that the
/// statistics drop come back with the lowest scores in order of frequency; there lots are drawn.
///
/// ```swift
/// let tokenizer = try UnigramTrainer(vocabularySize: 4_000).train(on: stories)
/// try tokenizer.save(to: folder)
/// ```
public struct UnigramTrainer: Sendable, Equatable {
  /// Entries at most, special tokens included. Fewer come out where the texts hold no more pieces.
  public var vocabularySize: Int
  /// Tokens that stand for themselves and take the first ids.
  public var specialTokens: [String]
  /// The special token for characters that no training text holds; it is put first where it is not
  /// among the special tokens.
  public var unknownToken: String
  /// Characters of the longest piece.
  public var maxPieceLength: Int
  /// The share of pieces that stays at each pruning, in (0, 1).
  public var shrinkingFactor: Double
  /// Steps of expectation-maximisation before each pruning, above 0.
  public var iterationCount: Int
  /// Candidates at most to begin with.
  public var seedCount: Int

  /// Makes a trainer; the defaults are those of `tokenizers`.
  ///
  /// - Parameters:
  ///   - vocabularySize: entries at most, special tokens included.
  ///   - specialTokens: tokens that stand for themselves; the second begins and the third ends texts,
  ///     the first fills batches.
  ///   - unknownToken: the token for characters that no training text holds.
  ///   - maxPieceLength: characters of the longest piece.
  ///   - shrinkingFactor: the share of pieces that stays at each pruning.
  ///   - iterationCount: steps of expectation-maximisation before each pruning.
  ///   - seedCount: candidates at most to begin with.
  public init(
    vocabularySize: Int, specialTokens: [String] = ["<pad>", "<s>", "</s>", "<unk>"],
    unknownToken: String = "<unk>", maxPieceLength: Int = 16, shrinkingFactor: Double = 0.75,
    iterationCount: Int = 2, seedCount: Int = 1_000_000
  ) {
    self.vocabularySize = vocabularySize
    self.specialTokens = specialTokens
    self.unknownToken = unknownToken
    self.maxPieceLength = maxPieceLength
    self.shrinkingFactor = shrinkingFactor
    self.iterationCount = iterationCount
    self.seedCount = seedCount
  }

  /// Trains on texts, which are read once.
  ///
  /// Texts are brought into NFKC, spaces become "▁" and begin the words.
  ///
  /// - Parameter texts: any texts; no piece reaches over a space.
  /// - Returns: a tokenizer whose files Python's `tokenizers` reads and follows to the same ids.
  /// - Throws: ``TokenizerError/vocabularyTooSmall(requested:minimum:)`` where special tokens and
  ///   single characters are more than asked for, and
  ///   ``TokenizerError/tokenCollision(file:token:first:second:)`` for a special token given twice.
  public func train(on texts: some Sequence<String>) throws -> Tokenizer {
    var names = specialTokens
    if !names.contains(unknownToken) { names.insert(unknownToken, at: 0) }
    var checked = Vocabulary()
    for (index, name) in names.enumerated() {
      try checked.insert(name, id: Int32(index), file: "special tokens")
    }
    let added = names.enumerated().map { AddedToken(special: $1, id: Int32($0)) }
    let words = try countWords(of: texts, except: added)
    let pieces = try findPieces(
      words, count: vocabularySize - names.count, specialCount: names.count)
    let model = UnigramModel(
      names.map { ($0, 0) } + pieces.map { (String(decoding: $0.bytes, as: UTF8.self), $0.score) },
      unknownID: names.firstIndex(of: unknownToken).map { Int32($0) }, fallsBackToBytes: false)
    let pipeline = try Pipeline(
      JSONField(Self.document, file: "trained tokenizer"), model: model, addedTokens: added)
    return try Tokenizer(pipeline, TokenizerConfiguration(tokens: roles(names)))
  }

  private func roles(_ names: [String]) -> [String: String] {
    var roles = ["unk_token": unknownToken]
    let others = names.filter { $0 != unknownToken }
    if let first = others.first { roles["pad_token"] = first }
    if others.count > 2 {
      roles["bos_token"] = others[1]
      roles["eos_token"] = others[2]
    }
    return roles
  }

  private static let document: JSONValue = {
    func stage(_ type: String, _ members: [JSONMember] = []) -> JSONValue {
      .object([JSONMember("type", .string(type))] + members)
    }
    let metaspace = stage(
      "Metaspace",
      [
        JSONMember("replacement", .string("▁")), JSONMember("prepend_scheme", .string("always")),
        JSONMember("split", .bool(true)),
      ])
    return .object([
      JSONMember("version", .string("1.0")),
      JSONMember("truncation", .null),
      JSONMember("padding", .null),
      JSONMember("added_tokens", .array([])),
      JSONMember("normalizer", stage("NFKC")),
      JSONMember("pre_tokenizer", metaspace),
      JSONMember("post_processor", .null),
      JSONMember("decoder", metaspace),
      JSONMember("model", .null),
    ])
  }()

  private func countWords(
    of texts: some Sequence<String>, except added: [AddedToken]
  ) throws -> WordCounter {
    let document = JSONField(Self.document, file: "trained tokenizer")
    let normalizer = try makeNormalizer(document.required("normalizer"))
    let preTokenizer = try makePreTokenizer(document.required("pre_tokenizer"))
    let matcher = AddedTokenMatcher(added.map { ($0, Array($0.content.utf8)) })
    var counter = WordCounter()
    for text in texts {
      let bytes = Array(text.utf8)
      for part in bytes.withUnsafeBufferPointer(matcher.split) where part.id == nil {
        var segment = AlignedText(Array(bytes[part.range]))
        try normalizer.normalize(&segment)
        var cuts = WordCuts(segment)
        preTokenizer.cut(&cuts)
        cuts.text.bytes.withUnsafeBufferPointer { bytes in
          for word in cuts.words { counter.add(UnsafeBufferPointer(rebasing: bytes[word])) }
        }
      }
    }
    return counter
  }
}

// MARK: - Finding pieces

extension UnigramTrainer {
  /// The pieces, most probable first.
  private func findPieces(
    _ words: WordCounter, count: Int, specialCount: Int
  ) throws -> [UnigramPiece] {
    let sentences = (0..<words.count).map { index in
      let (bytes, tally) = words.word(index)
      return UnigramSentence(bytes: Array(bytes), count: Double(tally))
    }
    let seeds = UnigramSeeds(sentences, maxLength: max(1, maxPieceLength))
    guard seeds.characters.count <= count else {
      throw TokenizerError.vocabularyTooSmall(
        requested: vocabularySize, minimum: seeds.characters.count + specialCount)
    }
    if seeds.characters.isEmpty { return [] }
    var pieces = seeds.pieces(limit: seedCount)
    // Pruning stops above the wanted number; the least probable of the rest go in the end. The
    // reference counts special tokens and its own unknown piece in here.
    let wanted = vocabularySize * 11 / 10
    while true {
      for _ in 0..<max(1, iterationCount) { pieces = maximized(pieces, sentences) }
      if pieces.count + 1 <= wanted { break }
      let kept = UnigramPruning(pieces, sentences)
        .kept(count: max(wanted, Int(Double(pieces.count + 1) * shrinkingFactor)) - 1)
      // Where nothing can be dropped, no further round can drop more.
      if kept.count == pieces.count { break }
      pieces = kept
    }
    return finished(pieces, seeds.characters, count: count)
  }

  /// One step of expectation-maximisation.
  private func maximized(
    _ pieces: [UnigramPiece], _ sentences: [UnigramSentence]
  ) -> [UnigramPiece] {
    var lattice = UnigramLattice(pieces)
    var expected = [Double](repeating: 0, count: pieces.count)
    for sentence in sentences {
      lattice.fill(sentence.bytes)
      lattice.addExpectations(times: sentence.count, to: &expected)
    }
    var kept: [UnigramPiece] = []
    var sum = 0.0
    for (piece, count) in zip(pieces, expected) where count >= 0.5 {
      kept.append(UnigramPiece(bytes: piece.bytes, score: count))
      sum += count
    }
    let logSum = Self.digamma(sum)
    for index in kept.indices { kept[index].score = Self.digamma(kept[index].score) - logSum }
    return kept
  }

  /// All single characters, then the others in the order of their loss, as many as are wanted.
  private func finished(
    _ pieces: [UnigramPiece], _ characters: [[UInt8]], count: Int
  ) -> [UnigramPiece] {
    let scores = Dictionary(pieces.map { ($0.bytes, $0.score) }, uniquingKeysWith: { $1 })
    let lowest = pieces.map(\.score).min() ?? 0
    var result: [UnigramPiece] = []
    var missingCount = 0
    for character in characters {
      let score = scores[character]
      result.append(
        UnigramPiece(bytes: character, score: score ?? lowest + Double(missingCount) * 0.0001))
      if score == nil { missingCount += 1 }
    }
    let known = Set(characters)
    for piece in pieces where !known.contains(piece.bytes) {
      if result.count >= count { break }
      result.append(piece)
    }
    return result.enumerated().sorted { left, right in
      left.element.score != right.element.score
        ? left.element.score > right.element.score : left.offset < right.offset
    }.map(\.element)
  }

  /// The derivative of log Γ, by its recurrence and an asymptotic series.
  private static func digamma(_ value: Double) -> Double {
    var x = value
    var result = 0.0
    while x < 7 {
      result -= 1 / x
      x += 1
    }
    x -= 0.5
    let inverse = 1 / x
    let square = inverse * inverse
    let fourth = square * square
    let series =
      log(x) + square / 24 - 7.0 / 960 * fourth + 31.0 / 8064 * fourth * square - 127.0 / 30720
      * fourth * fourth
    return result + series
  }
}
