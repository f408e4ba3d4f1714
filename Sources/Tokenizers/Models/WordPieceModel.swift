// SPDX-License-Identifier: Apache-2.0

/// BERT's model: a word is its longest known beginning, then the longest known continuation, and so
/// on; a word for which that fails is one unknown token.
///
/// Source: Devlin et al. 2019, arXiv:1810.04805. Continuations are written with a prefix ("##ing").
struct WordPieceModel: TokenModel {
  let vocabulary: Vocabulary
  let unknownToken: String?
  private let prefix: String
  private let scalarLimit: Int
  private let unknownID: Int32?
  private let trie: ByteTrie
  /// Where the continuations begin in the trie; -1 where there are none.
  private let continuation: Int32

  /// Reads the `model` of a tokenizer file.
  init(_ json: JSONField) throws {
    vocabulary = try Vocabulary(try json.required("vocab"))
    let unknown = try json.optional("unk_token")?.string() ?? "[UNK]"
    unknownToken = unknown
    unknownID = vocabulary.id(of: unknown)
    prefix = try json.optional("continuing_subword_prefix")?.string() ?? "##"
    scalarLimit = try json.optional("max_input_chars_per_word")?.integer() ?? 100
    trie = ByteTrie(
      vocabulary.tokens.enumerated().compactMap { id, token in token.map { ($0, Int32(id)) } })
    continuation = trie.node(prefix.utf8)
  }

  var json: JSONValue {
    .object([
      JSONMember("type", .string("WordPiece")),
      JSONMember("unk_token", .string(unknownToken ?? "[UNK]")),
      JSONMember("continuing_subword_prefix", .string(prefix)),
      JSONMember("max_input_chars_per_word", .integer(scalarLimit)),
      JSONMember("vocab", vocabulary.json),
    ])
  }

  func tokenize(
    _ word: UnsafeBufferPointer<UInt8>, isByteLevel: Bool, scratch: inout ModelScratch,
    into pieces: inout [Piece]
  ) {
    if isByteLevel {
      ByteAlphabet.write(word).withUnsafeBufferPointer { written in
        let first = pieces.count
        tokenize(written, isByteLevel: false, scratch: &scratch, into: &pieces)
        ByteAlphabet.rewind(&pieces, from: first, in: written)
      }
      return
    }
    let first = pieces.count
    let scalarCount = word.count { $0 & 0xC0 != 0x80 }
    var start = scalarCount > scalarLimit ? word.count : 0
    var isWhole = start == 0
    while start < word.count {
      guard let piece = longest(word, from: start) else {
        isWhole = false
        break
      }
      pieces.append(piece)
      start += Int(piece.byteCount)
    }
    if isWhole { return }
    pieces.removeSubrange(first...)
    if let unknownID {
      pieces.append(Piece(id: unknownID, start: 0, byteCount: Int32(word.count)))
    } else {
      scratch.hasUnencodable = true
    }
  }

  private func longest(_ word: UnsafeBufferPointer<UInt8>, from start: Int) -> Piece? {
    var node = start == 0 ? ByteTrie.root : continuation
    var best: Piece?
    var place = start
    while place < word.count, node >= 0 {
      node = trie.child(node, word[place])
      if node < 0 { break }
      place += 1
      let id = trie.value(node)
      if id >= 0 { best = Piece(id: id, start: Int32(start), byteCount: Int32(place - start)) }
    }
    return best
  }
}

/// The simplest model: each word is one token.
struct WordLevelModel: TokenModel {
  let vocabulary: Vocabulary
  let unknownToken: String?
  private let unknownID: Int32?

  /// Reads the `model` of a tokenizer file.
  init(_ json: JSONField) throws {
    vocabulary = try Vocabulary(try json.required("vocab"))
    let unknown = try json.optional("unk_token")?.string() ?? "<unk>"
    unknownToken = unknown
    unknownID = vocabulary.id(of: unknown)
  }

  var json: JSONValue {
    .object([
      JSONMember("type", .string("WordLevel")),
      JSONMember("vocab", vocabulary.json),
      JSONMember("unk_token", .string(unknownToken ?? "<unk>")),
    ])
  }

  func tokenize(
    _ word: UnsafeBufferPointer<UInt8>, isByteLevel: Bool, scratch: inout ModelScratch,
    into pieces: inout [Piece]
  ) {
    let known =
      isByteLevel ? vocabulary.id(of: ByteAlphabet.write(word)) : vocabulary.id(word)
    if let id = known ?? unknownID {
      pieces.append(Piece(id: id, start: 0, byteCount: Int32(word.count)))
    } else {
      scratch.hasUnencodable = true
    }
  }
}
