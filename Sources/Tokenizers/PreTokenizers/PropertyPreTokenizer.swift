// SPDX-License-Identifier: Apache-2.0

/// Splits at each scalar with a property.
struct PropertyPreTokenizer: PreTokenizer {
  private let property: ScalarProperties
  private let behavior: SplitBehavior

  init(_ property: ScalarProperties, _ behavior: SplitBehavior) {
    self.property = property
    self.behavior = behavior
  }

  func cut(_ cuts: inout WordCuts) {
    let table = ScalarProperties.table
    let mask = property.rawValue
    switch behavior {
    case .removed: cuts.recut { cutOut($0, $1, table, mask, keepsMatches: false, into: &$2) }
    case .isolated: cuts.recut { cutOut($0, $1, table, mask, keepsMatches: true, into: &$2) }
    default:
      cuts.recut { bytes, word, words in
        var matches: [Range<Int>] = []
        var place = word.lowerBound
        while place < word.upperBound {
          let (value, byteCount) = UTF8Scan.scalar(bytes, at: place)
          if table[value] & mask != 0 { matches.append(place..<place + byteCount) }
          place += byteCount
        }
        behavior.append(SplitPart.parts(of: matches, in: word), to: &words)
      }
    }
  }

  /// The two usual behaviours, without a list of parts in between.
  @inline(__always)
  private func cutOut(
    _ bytes: UnsafeBufferPointer<UInt8>, _ word: Range<Int>, _ table: ScalarTable<UInt16>,
    _ mask: UInt16, keepsMatches: Bool, into words: inout [Range<Int>]
  ) {
    var start = word.lowerBound
    var place = start
    while place < word.upperBound {
      let (value, byteCount) = UTF8Scan.scalar(bytes, at: place)
      let next = place + byteCount
      if table[value] & mask != 0 {
        if start < place { words.append(start..<place) }
        if keepsMatches { words.append(place..<next) }
        start = next
      }
      place = next
    }
    if start < word.upperBound { words.append(start..<word.upperBound) }
  }
}

/// Splits at each occurrence of one scalar and drops it.
struct DelimiterPreTokenizer: PreTokenizer {
  private let delimiter: [UInt8]

  init(_ json: JSONField) throws {
    delimiter = try json.required("delimiter").scalar()
  }

  func cut(_ cuts: inout WordCuts) {
    cuts.recut { bytes, word, words in
      let text = UnsafeBufferPointer(rebasing: bytes[word])
      let matches = ByteSearch.matches(of: delimiter, in: text).map { match in
        match.lowerBound + word.lowerBound..<match.upperBound + word.lowerBound
      }
      SplitBehavior.removed.append(SplitPart.parts(of: matches, in: word), to: &words)
    }
  }
}

/// Cuts after every so many scalars.
struct FixedLengthPreTokenizer: PreTokenizer {
  private let length: Int

  init(_ json: JSONField) throws {
    let field = json.optional("length")
    length = try field?.integer() ?? 5
    if length < 1, let field { throw field.wrongType("a length above 0") }
  }

  func cut(_ cuts: inout WordCuts) {
    cuts.recut { bytes, word, words in
      var start = word.lowerBound
      while start < word.upperBound {
        var end = start
        for _ in 0..<length where end < word.upperBound {
          end += UTF8Scan.byteCount(lead: bytes[end])
          if end >= word.upperBound { break }
        }
        words.append(start..<end)
        start = end
      }
    }
  }
}

/// Cuts into runs of word characters and runs of others, and drops white space.
struct WhitespacePreTokenizer: PreTokenizer {
  func cut(_ cuts: inout WordCuts) {
    let table = ScalarProperties.table
    let space = ScalarProperties.space.rawValue
    let kinds = space | ScalarProperties.word.rawValue
    cuts.recut { bytes, word, words in
      var start = word.lowerBound
      var kind = space
      var place = start
      while place < word.upperBound {
        let (value, byteCount) = UTF8Scan.scalar(bytes, at: place)
        let next = table[value] & kinds
        if next != kind {
          if kind != space { words.append(start..<place) }
          start = place
          kind = next
        }
        place += byteCount
      }
      if kind != space, start < place { words.append(start..<place) }
    }
  }
}

extension JSONField {
  /// A text of exactly one scalar, as UTF-8.
  func scalar() throws -> [UInt8] {
    let text = try string()
    guard text.unicodeScalars.count == 1 else { throw wrongType("one character") }
    return Array(text.utf8)
  }
}
