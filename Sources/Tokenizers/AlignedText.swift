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
  var sources: [SourceRange]?

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

  private init(bytes: [UInt8], sources: [SourceRange]?) {
    self.bytes = bytes
    self.sources = sources
  }

  /// A part of the text, by bytes.
  func slice(_ range: Range<Int>) -> AlignedText {
    if range == 0..<bytes.count { return self }
    return AlignedText(bytes: Array(bytes[range]), sources: sources.map { Array($0[range]) })
  }

  /// The scalars of the original text behind a range of bytes; nothing for an empty range.
  func source(of range: Range<Int>) -> SourceRange {
    guard let sources, !range.isEmpty else { return SourceRange(lower: 0, upper: 0) }
    return SourceRange(
      lower: sources[range.lowerBound].lower, upper: sources[range.upperBound - 1].upper)
  }

  /// Puts `prefix` in front of a non-empty text; it takes the source of the first scalar.
  mutating func prepend(_ prefix: [UInt8]) {
    guard let first = bytes.first else { return }
    let source = source(of: 0..<UTF8Scan.byteCount(lead: first))
    bytes.insert(contentsOf: prefix, at: 0)
    sources?.insert(contentsOf: repeatElement(source, count: prefix.count), at: 0)
  }

  /// Replaces each occurrence of `pattern`, left to right without overlap. The new bytes take the
  /// source of the last scalar replaced.
  mutating func replace(_ pattern: [UInt8], with content: [UInt8]) {
    guard !pattern.isEmpty else { return }
    var matches: [Int] = []
    bytes.withUnsafeBufferPointer { text in
      var place = 0
      while place + pattern.count <= text.count {
        if text[place] == pattern[0], Self.matches(text, at: place, pattern) {
          matches.append(place)
          place += pattern.count
        } else {
          place += 1
        }
      }
    }
    if matches.isEmpty { return }
    var newBytes: [UInt8] = []
    newBytes.reserveCapacity(bytes.count + matches.count * (content.count - pattern.count))
    var newSources: [SourceRange] = []
    var copied = 0
    for match in matches {
      newBytes.append(contentsOf: bytes[copied..<match])
      newBytes.append(contentsOf: content)
      if let sources {
        newSources.append(contentsOf: sources[copied..<match])
        let last = sources[match + pattern.count - 1]
        newSources.append(contentsOf: repeatElement(last, count: content.count))
      }
      copied = match + pattern.count
    }
    newBytes.append(contentsOf: bytes[copied...])
    if let sources {
      newSources.append(contentsOf: sources[copied...])
      self.sources = newSources
    }
    bytes = newBytes
  }

  private static func matches(
    _ text: UnsafeBufferPointer<UInt8>, at place: Int, _ pattern: [UInt8]
  ) -> Bool {
    for offset in 1..<max(1, pattern.count) where text[place + offset] != pattern[offset] {
      return false
    }
    return true
  }
}
