// SPDX-License-Identifier: Apache-2.0

/// A unigram language model over pieces: of all ways to write a word, the one whose pieces have the
/// highest sum of log-probabilities.
///
/// Source: Kudo 2018, arXiv:1804.10959, eq. 4. What no piece covers costs 10 nats more than the worst
/// piece; runs of it become one unknown token, or the bytes `<0x00>`...`<0xFF>`.
struct UnigramModel: TokenModel {
  /// The best way to write a word up to some byte.
  struct PathNode: Sendable {
    var score = 0.0
    /// Where the last piece begins; -1 where there is no way yet.
    var start: Int32 = -1
    var id: Int32 = 0
  }

  private static let unknownPenalty = 10.0

  let vocabulary: Vocabulary
  /// Log-probabilities in nats, in order of id, as the file has them.
  private let fileScores: [Double]
  /// The same as they are reckoned with.
  private let scores: [Double]
  private let unknownID: Int32?
  private let fallsBackToBytes: Bool
  private let fallbackIDs: [Int32]
  private let trie: ByteTrie
  private let unknownScore: Double

  /// Reads the `model` of a tokenizer file.
  init(_ json: JSONField) throws {
    let list = try json.required("vocab")
    var pieces: [(String, Double)] = []
    guard case .array(let entries) = list.value else { throw list.wrongType("a list") }
    pieces.reserveCapacity(entries.count)
    for (index, entry) in entries.enumerated() {
      guard case .array(let pair) = entry, pair.count == 2, case .string(let piece) = pair[0],
        let score = pair[1].double, score.isFinite
      else {
        throw JSONField(entry, path: "\(list.path)[\(index)]", file: json.file)
          .wrongType("a piece and its score")
      }
      pieces.append((piece, score))
    }
    let unknown = json.optional("unk_id")
    let unknownID = try unknown?.tokenID()
    if let unknownID, let unknown, Int(unknownID) >= pieces.count {
      throw unknown.wrongType("an id below \(pieces.count)")
    }
    self.init(
      pieces, unknownID: unknownID,
      fallsBackToBytes: try json.optional("byte_fallback")?.bool() ?? false)
  }

  /// Makes a model.
  ///
  /// - Parameters:
  ///   - pieces: each piece with its log-probability in nats, in order of id.
  ///   - unknownID: the id of the unknown token.
  ///   - fallsBackToBytes: whether what is not covered becomes bytes.
  init(_ pieces: [(String, Double)], unknownID: Int32?, fallsBackToBytes: Bool) {
    var vocabulary = Vocabulary()
    for (piece, _) in pieces { vocabulary.append(piece) }
    self.vocabulary = vocabulary
    fileScores = pieces.map(\.1)
    scores = fileScores.map(ScoreRounding.asRead)
    self.unknownID = unknownID
    self.fallsBackToBytes = fallsBackToBytes
    fallbackIDs = vocabulary.fallbackIDs
    trie = ByteTrie(pieces.enumerated().map { (Array($1.0.utf8), Int32($0)) })
    unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
  }

  var unknownToken: String? {
    unknownID.flatMap { vocabulary.bytes(of: Int($0)) }.map { String(decoding: $0, as: UTF8.self) }
  }

  var json: JSONValue {
    .object([
      JSONMember("type", .string("Unigram")),
      JSONMember("unk_id", unknownID.map { .integer(Int($0)) } ?? .null),
      JSONMember(
        "vocab",
        .array(
          zip(vocabulary.tokens, fileScores).map { token, score in
            .array([.string(String(decoding: token ?? [], as: UTF8.self)), .number(score)])
          })),
      JSONMember("byte_fallback", .bool(fallsBackToBytes)),
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
    findPath(word, &scratch.path)
    appendPath(word, &scratch, to: &pieces)
  }

  /// Fills the best path to each byte, from left to right.
  private func findPath(_ word: UnsafeBufferPointer<UInt8>, _ path: inout [PathNode]) {
    path.removeAll(keepingCapacity: true)
    path.append(contentsOf: repeatElement(PathNode(), count: word.count + 1))
    path.withUnsafeMutableBufferPointer { path in
      @inline(__always)
      func offer(_ end: Int, _ score: Double, _ start: Int, _ id: Int32) {
        if path[end].start < 0 || score > path[end].score {
          path[end] = PathNode(score: score, start: Int32(start), id: id)
        }
      }
      var start = 0
      while start < word.count {
        let here = path[start].score
        let single = start + UTF8Scan.byteCount(lead: word[start])
        var hasSingle = false
        var node = ByteTrie.root
        var place = start
        while place < word.count {
          node = trie.child(node, word[place])
          if node < 0 { break }
          place += 1
          let id = trie.value(node)
          if id >= 0 {
            offer(place, here + scores[Int(id)], start, id)
            if place == single { hasSingle = true }
          }
        }
        if !hasSingle { offer(single, here + unknownScore, start, unknownID ?? -1) }
        start = single
      }
    }
  }

  /// Walks the path backwards and appends its pieces; unknown neighbours are one piece.
  private func appendPath(
    _ word: UnsafeBufferPointer<UInt8>, _ scratch: inout ModelScratch, to pieces: inout [Piece]
  ) {
    let unknown = unknownID ?? -1
    scratch.pieces.removeAll(keepingCapacity: true)
    var end = word.count
    while end > 0 {
      let node = scratch.path[end]
      let start = Int(node.start)
      if node.id == unknown, let last = scratch.pieces.last, last.id == unknown {
        scratch.pieces[scratch.pieces.count - 1].start = Int32(start)
        scratch.pieces[scratch.pieces.count - 1].byteCount += Int32(end - start)
      } else {
        scratch.pieces.append(
          Piece(id: node.id, start: Int32(start), byteCount: Int32(end - start)))
      }
      end = start
    }
    for piece in scratch.pieces.reversed() {
      if piece.id != unknown {
        pieces.append(piece)
      } else {
        appendUnknown(word, piece, &scratch, to: &pieces)
      }
    }
  }

  private func appendUnknown(
    _ word: UnsafeBufferPointer<UInt8>, _ piece: Piece, _ scratch: inout ModelScratch,
    to pieces: inout [Piece]
  ) {
    let range = Int(piece.start)..<Int(piece.start + piece.byteCount)
    // Several unknown scalars together may spell a piece that lost on its own.
    if let id = vocabulary.id(UnsafeBufferPointer(rebasing: word[range])) {
      pieces.append(Piece(id: id, start: piece.start, byteCount: piece.byteCount))
    } else if fallsBackToBytes, range.allSatisfy({ fallbackIDs[Int(word[$0])] >= 0 }) {
      for place in range {
        pieces.append(
          Piece(
            id: fallbackIDs[Int(word[place])], start: piece.start, byteCount: piece.byteCount))
      }
    } else if let unknownID {
      pieces.append(Piece(id: unknownID, start: piece.start, byteCount: piece.byteCount))
    } else {
      scratch.hasUnencodable = true
    }
  }
}

extension Vocabulary {
  /// Ids of `<0x00>`...`<0xFF>`, -1 where missing.
  var fallbackIDs: [Int32] {
    (0...255).map { byte in
      let hex = String(byte, radix: 16, uppercase: true)
      return id(of: "<0x\(byte < 16 ? "0" : "")\(hex)>") ?? -1
    }
  }
}
