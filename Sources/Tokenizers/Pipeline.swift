// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The stages of one `tokenizer.json`, immutable and shared by all copies of a ``Tokenizer``:
/// added tokens, normalizer, pre-tokenizer, model, post-processor; the decoder goes back.
final class Pipeline: Sendable {
  let model: any TokenModel
  let addedTokens: [AddedToken]
  /// The model's tokens and the added ones.
  let vocabulary: Vocabulary
  let decoder: (any TokenDecoder)?

  private let normalizer: (any Normalizer)?
  private let preTokenizer: (any PreTokenizer)?
  private let postProcessor: (any PostProcessor)?
  private let rawMatcher: AddedTokenMatcher
  private let normalizedMatcher: AddedTokenMatcher
  private let normalizedContents: [Int: [UInt8]]
  /// Whether offsets are needed to know where the text begins, though nobody asks for them.
  private let needsSources: Bool
  /// The file without vocabulary, merges and added tokens, which are written from the model.
  private let shell: JSONValue
  /// Working memory of calls that have ended, for calls to come.
  private let workspaces = Mutex<[Workspace]>([])

  /// Working memory of one call.
  private struct Workspace: Sendable {
    var cache = WordCache()
    var scratch = ModelScratch()
    var pieces: [Piece] = []

    /// Gives back what one huge word took; the cache bounds itself.
    mutating func shrink() {
      if scratch.pieces.capacity > 1 << 16 || scratch.path.capacity > 1 << 16 {
        scratch = ModelScratch()
      }
      if pieces.capacity > 1 << 16 { pieces = [] }
    }
  }

  /// Reads a parsed `tokenizer.json`.
  ///
  /// - Throws: ``TokenizerError``.
  convenience init(_ json: JSONField) throws {
    let model = try makeModel(try json.required("model"))
    let added = try json.optional("added_tokens")?.elements().map { try AddedToken($0) } ?? []
    try self.init(json, model: model, addedTokens: added)
  }

  /// Puts a model into the other stages of a file.
  ///
  /// - Parameters:
  ///   - json: the document; its `model` and `added_tokens` are not looked at.
  ///   - model: the model.
  ///   - addedTokens: the added tokens; ids must be free in the model or belong to the same text.
  /// - Throws: ``TokenizerError``.
  init(_ json: JSONField, model: any TokenModel, addedTokens: [AddedToken]) throws {
    self.model = model
    self.addedTokens = addedTokens
    normalizer = try json.optional("normalizer").map(makeNormalizer)
    preTokenizer = try json.optional("pre_tokenizer").map(makePreTokenizer)
    postProcessor = try json.optional("post_processor").map(makePostProcessor)
    decoder = try json.optional("decoder").map(makeDecoder)
    needsSources = normalizer != nil && preTokenizer?.looksAtBeginning == true

    var vocabulary = model.vocabulary
    for token in addedTokens {
      try vocabulary.insert(token.content, id: token.id, file: json.file)
    }
    self.vocabulary = vocabulary

    let patterns = try Self.patterns(addedTokens, normalizer)
    rawMatcher = AddedTokenMatcher(patterns.filter { !$0.token.isNormalized })
    normalizedMatcher = AddedTokenMatcher(patterns.filter(\.token.isNormalized))
    normalizedContents = Dictionary(
      patterns.filter(\.token.isNormalized).map { (Int($0.token.id), $0.pattern) },
      uniquingKeysWith: { $1 })

    var shell = json.value
    shell["model"] = .null
    shell["added_tokens"] = .array([])
    self.shell = shell
  }

  /// Each added token with the UTF-8 to look for.
  private static func patterns(
    _ tokens: [AddedToken], _ normalizer: (any Normalizer)?
  ) throws -> [(token: AddedToken, pattern: [UInt8])] {
    try tokens.map { token in
      var text = AlignedText(Array(token.content.utf8))
      if token.isNormalized { try normalizer?.normalize(&text) }
      return (token, text.bytes)
    }
  }

  /// The UTF-8 that decoding begins with; nil for an id that no token has. An added token that is
  /// matched in normalised text stands for that form of it ("▁cat", not "cat").
  func decodingBytes(of id: Int) -> [UInt8]? {
    normalizedContents[id] ?? vocabulary.bytes(of: id)
  }

  /// The whole `tokenizer.json`.
  func json(truncation: Truncation?, padding: Padding?) -> JSONValue {
    var json = shell
    json["model"] = model.json
    json["added_tokens"] = .array(addedTokens.sorted { $0.id < $1.id }.map(\.json))
    json["truncation"] = truncation?.json ?? .null
    json["padding"] = padding?.json ?? .null
    return json
  }

  /// Writes tokens as text. Without a decoder they are joined by spaces.
  func decode(_ tokens: [[UInt8]]) -> String {
    let parts = decoder?.decode(tokens) ?? [Array(tokens.joined(separator: [0x20]))]
    return String(decoding: parts.joined(), as: UTF8.self)
  }
}

// MARK: - Encoding

extension Pipeline {
  /// Encodes one text.
  func encode(_ text: String, addSpecialTokens: Bool, wantsSources: Bool) -> Encoding {
    var encoding = Encoding(wantsSources: wantsSources)
    append(text, to: &encoding)
    guard let postProcessor else { return encoding }
    let parts = postProcessor.process(
      [encoding], addSpecialTokens: addSpecialTokens, vocabulary: vocabulary)
    return Self.joined(parts, like: encoding)
  }

  /// Encodes a text or a pair of texts with all that batches ask for.
  func encode(
    _ texts: [String], addSpecialTokens: Bool, truncation: Truncation?
  ) throws(TokenizerError) -> Encoding {
    var parts: [Encoding] = []
    for (index, text) in texts.enumerated() {
      var encoding = Encoding(wantsSources: true, wantsMarks: true)
      append(text, to: &encoding)
      if let failure = encoding.failure { throw failure }
      encoding.setType(Int32(index))
      parts.append(encoding)
    }
    let addedCount = addSpecialTokens ? postProcessor?.addedCount(isPair: parts.count > 1) ?? 0 : 0
    try truncation?.apply(to: &parts, addedCount: addedCount)
    let model = Encoding(wantsSources: true, wantsMarks: true)
    guard let postProcessor else { return Self.joined(parts, like: model) }
    return Self.joined(
      postProcessor.process(parts, addSpecialTokens: addSpecialTokens, vocabulary: vocabulary),
      like: model)
  }

  private static func joined(_ parts: [Encoding], like model: Encoding) -> Encoding {
    if parts.count == 1 { return parts[0] }
    var whole = Encoding(wantsSources: model.sources != nil, wantsMarks: model.marks != nil)
    for part in parts { whole.append(part) }
    return whole
  }

  private func append(_ text: String, to encoding: inout Encoding) {
    var workspace = workspaces.withLock { $0.popLast() } ?? Workspace()
    var text = text
    text.withUTF8 { bytes in
      append(bytes, to: &encoding, &workspace)
    }
    if workspace.scratch.hasUnencodable {
      encoding.failure = encoding.failure ?? .unencodable
      workspace.scratch.hasUnencodable = false
    }
    workspace.shrink()
    workspaces.withLock { [workspace] in $0.append(workspace) }
  }

  private func append(
    _ bytes: UnsafeBufferPointer<UInt8>, to encoding: inout Encoding, _ workspace: inout Workspace
  ) {
    let whole = AlignedText(bytes, wantsSources: encoding.sources != nil || needsSources)
    for part in rawMatcher.split(bytes) {
      if let id = part.id {
        append(id, part, whole, to: &encoding)
        continue
      }
      var segment = whole.slice(part.range)
      do throws(TokenizerError) {
        try normalizer?.normalize(&segment)
      } catch {
        encoding.failure = encoding.failure ?? error
      }
      if normalizedMatcher.isEmpty {
        append(segment, to: &encoding, &workspace)
        continue
      }
      for part in segment.bytes.withUnsafeBufferPointer(normalizedMatcher.split) {
        if let id = part.id {
          append(id, part, segment, to: &encoding)
        } else {
          append(segment.slice(part.range), to: &encoding, &workspace)
        }
      }
    }
  }

  /// Appends an added token.
  private func append(
    _ id: Int32, _ part: AddedTokenMatcher.Part, _ text: AlignedText, to encoding: inout Encoding
  ) {
    if encoding.sources != nil {
      encoding.sources?.append(text.source(of: part.range))
      // What the token took along counts as part of it.
      let blanks = text.bytes[part.range].withContiguousStorageIfAvailable(
        ByteLevelPostProcessor.blankCounts)
      if let blanks, blanks != (0, 0) { encoding.blanks[encoding.ids.count] = blanks }
    }
    encoding.ids.append(id)
  }

  private func append(
    _ segment: AlignedText, to encoding: inout Encoding, _ workspace: inout Workspace
  ) {
    var cuts = WordCuts(segment)
    preTokenizer?.cut(&cuts)
    encoding.failure = encoding.failure ?? cuts.failure
    let boundary = cuts.isByteLevel ? nil : model.boundary
    cuts.text.bytes.withUnsafeBufferPointer { bytes in
      for range in cuts.words {
        var start = range.lowerBound
        if let boundary, range.count > WordCache.wordByteLimit {
          while let next = Self.boundary(bytes, start..<range.upperBound, boundary) {
            append(start..<next, of: bytes, cuts, to: &encoding, &workspace)
            start = next
          }
        }
        append(start..<range.upperBound, of: bytes, cuts, to: &encoding, &workspace)
      }
    }
  }

  /// The first place in a word, behind its beginning, where `mark` follows something else.
  private static func boundary(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ mark: [UInt8]
  ) -> Int? {
    var place = range.lowerBound
    while ByteSearch.starts(bytes, at: place, with: mark), place < range.upperBound {
      place += mark.count
    }
    place += 1
    while place + mark.count <= range.upperBound {
      if bytes[place] == mark[0], ByteSearch.starts(bytes, at: place, with: mark) { return place }
      place += 1
    }
    return nil
  }

  @inline(__always)
  private func append(
    _ range: Range<Int>, of bytes: UnsafeBufferPointer<UInt8>, _ cuts: borrowing WordCuts,
    to encoding: inout Encoding, _ workspace: inout Workspace
  ) {
    workspace.pieces.removeAll(keepingCapacity: true)
    tokenize(UnsafeBufferPointer(rebasing: bytes[range]), isByteLevel: cuts.isByteLevel, &workspace)
    for piece in workspace.pieces { encoding.ids.append(piece.id) }
    guard encoding.sources != nil else { return }
    for piece in workspace.pieces {
      let start = range.lowerBound + Int(piece.start)
      encoding.sources?.append(cuts.text.source(of: start..<start + Int(piece.byteCount)))
    }
  }

  @inline(__always)
  private func tokenize(
    _ word: UnsafeBufferPointer<UInt8>, isByteLevel: Bool, _ workspace: inout Workspace
  ) {
    if word.count > WordCache.wordByteLimit {
      model.tokenize(
        word, isByteLevel: isByteLevel, scratch: &workspace.scratch, into: &workspace.pieces)
      return
    }
    workspace.cache.append(word, to: &workspace.pieces) { [model] pieces in
      model.tokenize(
        word, isByteLevel: isByteLevel, scratch: &workspace.scratch, into: &pieces)
      // What was left out must be noticed each time.
      return !workspace.scratch.hasUnencodable
    }
  }
}
