// SPDX-License-Identifier: Apache-2.0

/// A normalised segment cut into words: the model never merges across a cut.
struct WordCuts {
  var text: AlignedText
  /// The words as byte ranges of `text`, in order; none is empty.
  var words: [Range<Int>]
  /// Whether the model must look up bytes in the ``ByteAlphabet`` rather than scalars.
  var isByteLevel = false
  /// Why a stage could not do its work on this text; words are then cut less finely.
  var failure: TokenizerError?

  init(_ text: AlignedText) {
    self.text = text
    words = text.bytes.isEmpty ? [] : [0..<text.bytes.count]
  }

  /// Cuts each word further: `cut` appends the parts of the word it is given.
  mutating func recut(
    _ cut: (UnsafeBufferPointer<UInt8>, Range<Int>, inout [Range<Int>]) -> Void
  ) {
    var cuts: [Range<Int>] = []
    cuts.reserveCapacity(max(words.count, text.bytes.count / 4))
    text.bytes.withUnsafeBufferPointer { bytes in
      for word in words { cut(bytes, word, &cuts) }
    }
    words = cuts
  }

  /// Rewrites the words one by one.
  mutating func rewriteWords(_ body: (inout AlignedText, _ beginsText: Bool) -> Void) {
    var joined = text.slice(0..<0)
    var places: [Range<Int>] = []
    places.reserveCapacity(words.count)
    for word in words {
      var part = text.slice(word)
      body(&part, text.beginsText(at: word.lowerBound))
      let start = joined.bytes.count
      joined.append(part)
      if joined.bytes.count > start { places.append(start..<joined.bytes.count) }
    }
    text = joined
    words = places
  }
}

/// Cuts a segment into words, and may rewrite it on the way.
protocol PreTokenizer: Sendable {
  func cut(_ cuts: inout WordCuts)
  /// Whether the stage does another thing where the original text begins.
  var looksAtBeginning: Bool { get }
}

extension PreTokenizer {
  var looksAtBeginning: Bool { false }
}

/// Reads the `pre_tokenizer` of a tokenizer file.
///
/// - Throws: ``TokenizerError/unsupported(stage:)`` for a kind that is not built in.
func makePreTokenizer(_ json: JSONField) throws -> any PreTokenizer {
  switch try json.stageType() {
  case "Sequence": return try PreTokenizerSequence(json)
  case "ByteLevel": return try ByteLevelPreTokenizer(json)
  case "Split": return try SplitPreTokenizer(json)
  case "Metaspace": return try MetaspacePreTokenizer(json)
  case "Whitespace": return WhitespacePreTokenizer()
  case "WhitespaceSplit": return PropertyPreTokenizer(.space, .removed)
  case "BertPreTokenizer":
    return PreTokenizerSequence([
      PropertyPreTokenizer(.space, .removed), PropertyPreTokenizer(.punctuation, .isolated),
    ])
  case "Punctuation":
    let behavior = try json.optional("behavior").map { try SplitBehavior($0) }
    return PropertyPreTokenizer(.punctuation, behavior ?? .isolated)
  case "Digits":
    let areSingle = try json.optional("individual_digits")?.bool() ?? false
    return PropertyPreTokenizer(.numeric, areSingle ? .isolated : .contiguous)
  case "CharDelimiterSplit": return try DelimiterPreTokenizer(json)
  case "FixedLength": return try FixedLengthPreTokenizer(json)
  case let type: throw TokenizerError.unsupported(stage: "pre_tokenizer '\(type)'")
  }
}

/// Several pre-tokenizers, each cutting the words of the one before.
struct PreTokenizerSequence: PreTokenizer {
  private let stages: [any PreTokenizer]

  init(_ json: JSONField) throws {
    stages = try json.required("pretokenizers").elements().map(makePreTokenizer)
  }

  init(_ stages: [any PreTokenizer]) {
    self.stages = stages
  }

  var looksAtBeginning: Bool { stages.contains(where: \.looksAtBeginning) }

  func cut(_ cuts: inout WordCuts) {
    for stage in stages {
      // Bytes stay bytes until the model asks; a later stage sees their written form.
      if cuts.isByteLevel {
        cuts.rewriteWords { word, _ in ByteLevelNormalizer().normalize(&word) }
        cuts.isByteLevel = false
      }
      stage.cut(&cuts)
    }
  }
}
