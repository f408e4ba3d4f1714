// SPDX-License-Identifier: Apache-2.0

/// A half-open range of Unicode scalars in the text that the caller gave.
struct SourceRange: Sendable {
  var lower: Int32
  var upper: Int32
}

/// UTF-8 text on its way through the stages and, where offsets are wanted, the source of each byte.
struct AlignedText {
  var bytes: [UInt8]
  /// For each byte, the scalars of the original text that it stands for; nil when nobody asked.
  private(set) var sources: [SourceRange]?
  /// Whether the first byte stands for the beginning of the original text. Exact where sources are
  /// kept or no stage has removed anything in front.
  private var beginsText = true

  /// The untouched input.
  init(_ bytes: UnsafeBufferPointer<UInt8>, wantsSources: Bool) {
    self.bytes = Array(bytes)
    guard wantsSources else { return }
    var scalar: Int32 = -1
    sources = bytes.map { byte in
      if byte & 0xC0 != 0x80 { scalar += 1 }
      return SourceRange(lower: scalar, upper: scalar + 1)
    }
  }

  /// A text without sources.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  private init(bytes: [UInt8], sources: [SourceRange]?, beginsText: Bool) {
    self.bytes = bytes
    self.sources = sources
    self.beginsText = beginsText
  }

  /// A part of the text, by bytes.
  func slice(_ range: Range<Int>) -> AlignedText {
    if range == 0..<bytes.count { return self }
    return AlignedText(
      bytes: Array(bytes[range]), sources: sources.map { Array($0[range]) },
      beginsText: beginsText && range.lowerBound == 0)
  }

  /// Whether the text from `place` on stands for the very beginning of the original text.
  func beginsText(at place: Int) -> Bool {
    if let sources { return place < sources.count && sources[place].lower == 0 }
    return place == 0 && beginsText
  }

  /// The scalars of the original text behind a range of bytes; nothing for an empty range.
  func source(of range: Range<Int>) -> SourceRange {
    guard let sources, !range.isEmpty else { return SourceRange(lower: 0, upper: 0) }
    return SourceRange(
      lower: sources[range.lowerBound].lower, upper: sources[range.upperBound - 1].upper)
  }

  /// Adds another text at the end.
  mutating func append(_ other: AlignedText) {
    if bytes.isEmpty { beginsText = other.beginsText }
    bytes += other.bytes
    if let more = other.sources { sources?.append(contentsOf: more) }
  }
}

// MARK: - Rewriting

extension AlignedText {
  /// Puts `prefix` in front of a non-empty text; it takes the source of the first scalar.
  mutating func prepend(_ prefix: [UInt8]) {
    guard let first = bytes.first else { return }
    let source = source(of: 0..<UTF8Scan.byteCount(lead: first))
    bytes.insert(contentsOf: prefix, at: 0)
    sources?.insert(contentsOf: repeatElement(source, count: prefix.count), at: 0)
  }

  /// Cuts bytes off both ends.
  mutating func keep(_ range: Range<Int>) {
    if range.lowerBound > 0 { beginsText = false }
    bytes = Array(bytes[range])
    sources = sources.map { Array($0[range]) }
  }

  /// Replaces each scalar by those that `body` appends; all take the source of the replaced one.
  @inline(__always)
  mutating func rewrite(_ body: (UInt32, inout [UInt8]) -> Void) {
    var newBytes: [UInt8] = []
    newBytes.reserveCapacity(bytes.count + 16)
    var newSources: [SourceRange]? = sources == nil ? nil : []
    let old = sources
    bytes.withUnsafeBufferPointer { text in
      var place = 0
      while place < text.count {
        let (value, byteCount) = UTF8Scan.scalar(text, at: place)
        let start = newBytes.count
        body(value, &newBytes)
        if let old, newBytes.count > start {
          newSources?.append(contentsOf: repeatElement(old[place], count: newBytes.count - start))
        }
        place += byteCount
      }
    }
    bytes = newBytes
    sources = newSources
  }

  /// Replaces the whole text by scalars that say how they came about.
  ///
  /// - Parameter scalars: the new text; together they use up the old one.
  mutating func transform(_ scalars: [ScalarChange]) {
    var newBytes: [UInt8] = []
    newBytes.reserveCapacity(bytes.count)
    guard let old = sources else {
      for scalar in scalars { UTF8Scan.append(scalar.scalar, to: &newBytes) }
      bytes = newBytes
      return
    }
    var newSources: [SourceRange] = []
    newSources.reserveCapacity(old.count)
    let origin = old.first.map { SourceRange(lower: $0.lower, upper: $0.lower) }
    var place = 0
    for scalar in scalars {
      let index = scalar.change > 0 ? place - 1 : min(place, old.count - 1)
      let source = index < 0 ? origin : old[index]
      if scalar.change <= 0 {
        for _ in 0...Int(-scalar.change) where place < bytes.count {
          place += UTF8Scan.byteCount(lead: bytes[place])
        }
      }
      let start = newBytes.count
      UTF8Scan.append(scalar.scalar, to: &newBytes)
      if let source {
        newSources.append(contentsOf: repeatElement(source, count: newBytes.count - start))
      }
    }
    bytes = newBytes
    sources = newSources
  }

  /// Replaces each occurrence of `pattern`, left to right without overlap. The new bytes take the
  /// source of the last scalar replaced.
  mutating func replace(_ pattern: [UInt8], with content: [UInt8]) {
    guard !pattern.isEmpty else { return }
    replace(
      bytes.withUnsafeBufferPointer { ByteSearch.matches(of: pattern, in: $0) }, with: content)
  }

  /// Replaces ranges of bytes, ascending and without overlap, by `content`, which takes the source
  /// of the scalar before the end of each range.
  mutating func replace(_ matches: [Range<Int>], with content: [UInt8]) {
    if matches.isEmpty { return }
    var newBytes: [UInt8] = []
    newBytes.reserveCapacity(bytes.count + matches.count * content.count)
    var newSources: [SourceRange] = []
    var copied = 0
    for match in matches {
      newBytes.append(contentsOf: bytes[copied..<match.lowerBound])
      newBytes.append(contentsOf: content)
      if let sources {
        newSources.append(contentsOf: sources[copied..<match.lowerBound])
        let last =
          match.upperBound > 0 ? sources[match.upperBound - 1] : SourceRange(lower: 0, upper: 0)
        newSources.append(contentsOf: repeatElement(last, count: content.count))
      }
      copied = match.upperBound
    }
    if matches[0].lowerBound == 0, content.isEmpty { beginsText = false }
    newBytes.append(contentsOf: bytes[copied...])
    if let sources {
      newSources.append(contentsOf: sources[copied...])
      self.sources = newSources
    }
    bytes = newBytes
  }
}

/// Finding fixed bytes.
enum ByteSearch {
  /// Occurrences of a pattern, left to right without overlap; none of an empty pattern.
  static func matches(
    of pattern: [UInt8], in text: UnsafeBufferPointer<UInt8>
  ) -> [Range<Int>] {
    guard let first = pattern.first else { return [] }
    var matches: [Range<Int>] = []
    var place = 0
    while place + pattern.count <= text.count {
      if text[place] == first, starts(text, at: place, with: pattern) {
        matches.append(place..<place + pattern.count)
        place += pattern.count
      } else {
        place += 1
      }
    }
    return matches
  }

  /// Whether `pattern` stands at `place`.
  @inline(__always)
  static func starts(
    _ text: UnsafeBufferPointer<UInt8>, at place: Int, with pattern: [UInt8]
  ) -> Bool {
    guard place + pattern.count <= text.count else { return false }
    for offset in 0..<pattern.count where text[place + offset] != pattern[offset] {
      return false
    }
    return true
  }
}
