// SPDX-License-Identifier: Apache-2.0

/// Byte-pair encoding: begin with the smallest units and apply the merge of lowest rank, leftmost
/// first, until none applies.
///
/// Source: Sennrich et al. 2016, arXiv:1508.07909. One model serves both kinds of file: byte-level
/// (units are bytes) and SentencePiece style (units are scalars, unknown ones fall back to the
/// tokens `<0x00>`...`<0xFF>`).
struct BytePairModel: TokenModel {
  /// Up to this many units a plain scan beats the queue.
  private static let scanLimit = 24

  let vocabulary: Vocabulary
  let unknownToken: String?
  let merges: [Merge]
  let fusesUnknown: Bool
  let fallsBackToBytes: Bool
  let ignoresMerges: Bool
  let affixes: Affixes
  let boundary: [UInt8]?

  private let rules: PairTable
  private let unknownID: Int32?
  /// Ids of the 256 bytes in the byte alphabet, -1 where missing.
  private let byteLevelIDs: [Int32]
  /// Ids of `<0x00>`...`<0xFF>`, -1 where missing.
  private let fallbackIDs: [Int32]
  /// Ids of tokens that are one scalar.
  private let scalarIDs: [UInt32: Int32]

  /// One merge rule; the rank is its index.
  struct Merge: Sendable {
    var left: Int32
    var right: Int32
  }

  /// Texts that mark where in a word a token stands; nil or empty for none.
  struct Affixes: Sendable {
    /// In front of tokens that continue a word.
    var prefix: String?
    /// Behind tokens that end a word.
    var suffix: String?

    var isEmpty: Bool { (prefix ?? "").isEmpty && (suffix ?? "").isEmpty }
  }

  /// Makes a byte-level model, as training does.
  ///
  /// - Parameters:
  ///   - vocabulary: holds both halves and the result of each merge.
  ///   - merges: the left and right ids and the id of the merged token, in order of rank.
  init(vocabulary: Vocabulary, merges: [(left: Int32, right: Int32, merged: Int32)]) {
    var rules = PairTable(capacity: merges.count)
    for (rank, merge) in merges.enumerated() {
      rules.insert(merge.left, merge.right, rank: UInt32(rank), merged: merge.merged)
    }
    self.init(
      vocabulary: vocabulary, merges: merges.map { Merge(left: $0.left, right: $0.right) },
      rules: rules, unknownToken: nil, unknownID: nil, fusesUnknown: false,
      fallsBackToBytes: false, ignoresMerges: false, affixes: Affixes())
  }

  /// Reads the `model` of a tokenizer file.
  init(_ json: JSONField) throws {
    try Self.refuseDropout(json)
    let vocabulary = try Vocabulary(try json.required("vocab"))
    let affixes = Affixes(
      prefix: try json.optional("continuing_subword_prefix")?.string(),
      suffix: try json.optional("end_of_word_suffix")?.string())
    let (merges, rules) = try Self.readMerges(
      try json.required("merges"), vocabulary, prefix: affixes.prefix)
    let unknownToken = try json.optional("unk_token")?.string()
    let unknownID = unknownToken.flatMap { vocabulary.id(of: $0) }
    if let unknownToken, unknownID == nil {
      throw TokenizerError.unknownToken(
        file: json.file, field: "model.unk_token", token: unknownToken)
    }
    self.init(
      vocabulary: vocabulary, merges: merges, rules: rules, unknownToken: unknownToken,
      unknownID: unknownID, fusesUnknown: try json.optional("fuse_unk")?.bool() ?? false,
      fallsBackToBytes: try json.optional("byte_fallback")?.bool() ?? false,
      ignoresMerges: try json.optional("ignore_merges")?.bool() ?? false, affixes: affixes)
  }

  private init(
    vocabulary: Vocabulary, merges: [Merge], rules: PairTable, unknownToken: String?,
    unknownID: Int32?, fusesUnknown: Bool, fallsBackToBytes: Bool, ignoresMerges: Bool,
    affixes: Affixes
  ) {
    self.vocabulary = vocabulary
    self.merges = merges
    self.rules = rules
    self.unknownToken = unknownToken
    self.unknownID = unknownID
    self.fusesUnknown = fusesUnknown
    self.fallsBackToBytes = fallsBackToBytes
    self.ignoresMerges = ignoresMerges
    byteLevelIDs = ByteAlphabet.encodings.map { vocabulary.id(of: $0) ?? -1 }
    fallbackIDs = vocabulary.fallbackIDs
    self.affixes = affixes
    boundary =
      ignoresMerges || !affixes.isEmpty ? nil : Self.boundary(merges, vocabulary)
    var scalarIDs: [UInt32: Int32] = [:]
    for (id, bytes) in vocabulary.tokens.enumerated() {
      guard let bytes, let lead = bytes.first, UTF8Scan.byteCount(lead: lead) == bytes.count
      else { continue }
      let value = bytes.withUnsafeBufferPointer { UTF8Scan.scalar($0, at: 0).value }
      scalarIDs[value] = Int32(id)
    }
    self.scalarIDs = scalarIDs
  }

  /// "▁", where no merge joins it to what stands before it. Then no token reaches across, and
  /// words can be cut there: a text without spaces need not be one word.
  private static func boundary(_ merges: [Merge], _ vocabulary: Vocabulary) -> [UInt8]? {
    let mark = Array("▁".utf8)
    guard vocabulary.id(of: mark) != nil else { return nil }
    func marks(_ id: Int32) -> (count: Int, isPure: Bool) {
      let bytes = vocabulary.bytes(of: Int(id)) ?? []
      let count = bytes.withUnsafeBufferPointer { ByteSearch.matches(of: mark, in: $0).count }
      return (count, count * mark.count == bytes.count)
    }
    for merge in merges where marks(merge.right).count > 0 && !marks(merge.left).isPure {
      return nil
    }
    return mark
  }

  func tokenize(
    _ word: UnsafeBufferPointer<UInt8>, isByteLevel: Bool, scratch: inout ModelScratch,
    into pieces: inout [Piece]
  ) {
    if ignoresMerges {
      let key = isByteLevel ? ByteAlphabet.write(word) : Array(word)
      if let id = vocabulary.id(of: key) {
        pieces.append(Piece(id: id, start: 0, byteCount: Int32(word.count)))
        return
      }
    }
    if isByteLevel, !affixes.isEmpty {
      ByteAlphabet.write(word).withUnsafeBufferPointer { written in
        let first = pieces.count
        tokenize(written, isByteLevel: false, scratch: &scratch, into: &pieces)
        ByteAlphabet.rewind(&pieces, from: first, in: written)
      }
      return
    }
    scratch.pieces.removeAll(keepingCapacity: true)
    if isByteLevel {
      appendBytes(word, to: &scratch.pieces)
    } else {
      appendScalars(word, to: &scratch.pieces)
    }
    if scratch.pieces.count <= Self.scanLimit {
      mergeByScan(&scratch)
      pieces.append(contentsOf: scratch.pieces)
    } else {
      mergeByQueue(&scratch, into: &pieces)
    }
  }
}

// MARK: - Smallest units

extension BytePairModel {
  private func appendBytes(_ word: UnsafeBufferPointer<UInt8>, to pieces: inout [Piece]) {
    for (start, byte) in word.enumerated() {
      let id = byteLevelIDs[Int(byte)]
      if id >= 0 {
        pieces.append(Piece(id: id, start: Int32(start), byteCount: 1))
      } else {
        appendUnknown(start: start, byteCount: 1, to: &pieces)
      }
    }
  }

  private func appendScalars(_ word: UnsafeBufferPointer<UInt8>, to pieces: inout [Piece]) {
    var unknown = PendingUnknown()
    var start = 0
    while start < word.count {
      let (value, byteCount) = UTF8Scan.scalar(word, at: start)
      let next = start + byteCount
      if affixes.isEmpty, let id = scalarIDs[value] {
        unknown.flush(to: &pieces)
        append(id, byteCount, to: &pieces)
      } else if affixes.isEmpty {
        appendUnwritten(
          UnsafeBufferPointer(rebasing: word[start..<next]), byteCount, &unknown, to: &pieces)
      } else {
        let unit = marked(word[start..<next], isFirst: start == 0, isLast: next == word.count)
        unit.withUnsafeBufferPointer { unit in
          if let id = vocabulary.id(unit) {
            unknown.flush(to: &pieces)
            append(id, byteCount, to: &pieces)
          } else {
            appendUnwritten(unit, byteCount, &unknown, to: &pieces)
          }
        }
      }
      start = next
    }
    unknown.flush(to: &pieces)
  }

  /// A scalar with the marks of its place in the word.
  private func marked(
    _ scalar: Slice<UnsafeBufferPointer<UInt8>>, isFirst: Bool, isLast: Bool
  ) -> [UInt8] {
    var unit = isFirst ? [] : Array((affixes.prefix ?? "").utf8)
    unit.append(contentsOf: scalar)
    if isLast { unit.append(contentsOf: (affixes.suffix ?? "").utf8) }
    return unit
  }

  /// What the vocabulary cannot write becomes bytes, else unknown. Without an unknown token it is
  /// left out, as the reference implementation does.
  private func appendUnwritten(
    _ unit: UnsafeBufferPointer<UInt8>, _ byteCount: Int, _ unknown: inout PendingUnknown,
    to pieces: inout [Piece]
  ) {
    if fallsBackToBytes, unit.allSatisfy({ fallbackIDs[Int($0)] >= 0 }) {
      for byte in unit { append(fallbackIDs[Int(byte)], 1, to: &pieces) }
      return
    }
    guard let unknownID else { return }
    if !fusesUnknown { unknown.flush(to: &pieces) }
    unknown.id = unknownID
    unknown.byteCount += byteCount
  }

  private func append(_ id: Int32, _ byteCount: Int, to pieces: inout [Piece]) {
    let start = pieces.last.map { $0.start + $0.byteCount } ?? 0
    pieces.append(Piece(id: id, start: start, byteCount: Int32(byteCount)))
  }

  private func appendUnknown(start: Int, byteCount: Int, to pieces: inout [Piece]) {
    guard let unknownID else { return }
    if fusesUnknown, let last = pieces.last, last.id == unknownID,
      Int(last.start + last.byteCount) == start
    {
      pieces[pieces.count - 1].byteCount += Int32(byteCount)
    } else {
      pieces.append(Piece(id: unknownID, start: Int32(start), byteCount: Int32(byteCount)))
    }
  }
}

/// Unknown text that later unknown text may join.
private struct PendingUnknown {
  var id: Int32 = 0
  var byteCount = 0

  mutating func flush(to pieces: inout [Piece]) {
    guard byteCount > 0 else { return }
    let start = pieces.last.map { $0.start + $0.byteCount } ?? 0
    pieces.append(Piece(id: id, start: start, byteCount: Int32(byteCount)))
    byteCount = 0
  }
}

// MARK: - Merging

extension BytePairModel {
  /// Merges a short word in place: each round scans for the lowest rank.
  private func mergeByScan(_ scratch: inout ModelScratch) {
    while scratch.pieces.count > 1 {
      var best = PairTable.none
      var place = 0
      for index in 1..<scratch.pieces.count {
        let rule = rules.rule(scratch.pieces[index - 1].id, scratch.pieces[index].id)
        if rule < best {
          best = rule
          place = index - 1
        }
      }
      if best == PairTable.none { return }
      scratch.pieces[place].id = Int32(truncatingIfNeeded: best)
      scratch.pieces[place].byteCount += scratch.pieces[place + 1].byteCount
      scratch.pieces.remove(at: place + 1)
    }
  }

  /// Merges a long word through a queue over a linked list, in O(n log n).
  private func mergeByQueue(_ scratch: inout ModelScratch, into pieces: inout [Piece]) {
    let count = scratch.pieces.count
    scratch.next = Array(1...Int32(count))
    scratch.previous = Array(-1..<Int32(count - 1))
    scratch.queue.removeAll()
    for place in 0..<count - 1 { enqueue(place, &scratch) }
    while let (rank, place) = scratch.queue.pop() {
      let right = Int(scratch.next[place])
      // Gone pieces have a zero length; a pair that changed since has another rank.
      guard scratch.pieces[place].byteCount > 0, right < count else { continue }
      let rule = rules.rule(scratch.pieces[place].id, scratch.pieces[right].id)
      guard rule != PairTable.none, UInt32(rule >> 32) == rank else { continue }
      scratch.pieces[place].id = Int32(truncatingIfNeeded: rule)
      scratch.pieces[place].byteCount += scratch.pieces[right].byteCount
      scratch.pieces[right].byteCount = 0
      let after = scratch.next[right]
      scratch.next[place] = after
      if Int(after) < count { scratch.previous[Int(after)] = Int32(place) }
      enqueue(place, &scratch)
      let before = Int(scratch.previous[place])
      if before >= 0 { enqueue(before, &scratch) }
    }
    for piece in scratch.pieces where piece.byteCount > 0 { pieces.append(piece) }
  }

  private func enqueue(_ place: Int, _ scratch: inout ModelScratch) {
    let right = Int(scratch.next[place])
    guard right < scratch.pieces.count else { return }
    let rule = rules.rule(scratch.pieces[place].id, scratch.pieces[right].id)
    if rule != PairTable.none {
      scratch.queue.push(rank: UInt32(rule >> 32), place: place)
    }
  }
}
