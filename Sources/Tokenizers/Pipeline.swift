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
      if scratch.pieces.capacity > 1 << 16 { scratch = ModelScratch() }
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

    var vocabulary = model.vocabulary
    for token in addedTokens {
      try vocabulary.insert(token.content, id: token.id, file: json.file)
    }
    self.vocabulary = vocabulary

    let patterns = Self.patterns(addedTokens, normalizer)
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
  ) -> [(token: AddedToken, pattern: [UInt8])] {
    tokens.map { token in
      var content = token.content
      var text = content.withUTF8 { AlignedText($0, wantsSources: false) }
      if token.isNormalized { normalizer?.normalize(&text) }
      return (token, text.bytes)
    }
  }

  /// The UTF-8 that decoding begins with; nil for an id that no token has. An added token that is
  /// matched in normalised text stands for that form of it ("▁cat", not "cat").
  func decodingBytes(of id: Int) -> [UInt8]? {
    normalizedContents[id] ?? vocabulary.bytes(of: id)
  }

  /// The whole `tokenizer.json`.
  var json: JSONValue {
    var json = shell
    json["model"] = model.json
    json["added_tokens"] = .array(addedTokens.sorted { $0.id < $1.id }.map(\.json))
    return json
  }

  /// Encodes one text.
  func encode(_ text: String, addSpecialTokens: Bool, wantsSources: Bool) -> Encoding {
    var encoding = Encoding(sources: wantsSources ? [] : nil)
    var workspace = workspaces.withLock { $0.popLast() } ?? Workspace()
    var text = text
    text.withUTF8 { bytes in
      appendText(bytes, to: &encoding, &workspace)
    }
    workspace.shrink()
    workspaces.withLock { [workspace] in $0.append(workspace) }
    postProcessor?.process(
      &encoding, addSpecialTokens: addSpecialTokens, vocabulary: vocabulary)
    return encoding
  }

  private func appendText(
    _ bytes: UnsafeBufferPointer<UInt8>, to encoding: inout Encoding, _ workspace: inout Workspace
  ) {
    let whole = AlignedText(bytes, wantsSources: encoding.sources != nil)
    for part in rawMatcher.split(bytes) {
      if let id = part.id {
        encoding.ids.append(id)
        encoding.sources?.append(whole.source(of: part.range))
        continue
      }
      var segment = whole.slice(part.range)
      normalizer?.normalize(&segment)
      if normalizedMatcher.isEmpty {
        appendSegment(segment, to: &encoding, &workspace)
        continue
      }
      for part in segment.bytes.withUnsafeBufferPointer(normalizedMatcher.split) {
        if let id = part.id {
          encoding.ids.append(id)
          encoding.sources?.append(segment.source(of: part.range))
        } else {
          appendSegment(segment.slice(part.range), to: &encoding, &workspace)
        }
      }
    }
  }

  private func appendSegment(
    _ segment: AlignedText, to encoding: inout Encoding, _ workspace: inout Workspace
  ) {
    var cuts = WordCuts(segment)
    preTokenizer?.cut(&cuts)
    cuts.text.bytes.withUnsafeBufferPointer { bytes in
      for range in cuts.words {
        let word = UnsafeBufferPointer(rebasing: bytes[range])
        workspace.pieces.removeAll(keepingCapacity: true)
        tokenize(word, isByteLevel: cuts.isByteLevel, &workspace)
        for piece in workspace.pieces { encoding.ids.append(piece.id) }
        guard encoding.sources != nil else { continue }
        for piece in workspace.pieces {
          let start = range.lowerBound + Int(piece.start)
          encoding.sources?.append(
            cuts.text.source(of: start..<start + Int(piece.byteCount)))
        }
      }
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
    }
  }

  /// The text of some tokens. Without a decoder they are joined by spaces.
  func decode(_ tokens: [[UInt8]]) -> String {
    let parts = decoder?.decode(tokens) ?? [Array(tokens.joined(separator: [0x20]))]
    return String(decoding: parts.joined(), as: UTF8.self)
  }
}
