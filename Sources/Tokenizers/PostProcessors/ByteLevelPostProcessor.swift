// SPDX-License-Identifier: Apache-2.0

/// Takes blanks at the ends of tokens out of their offsets; ids stay as they are.
struct ByteLevelPostProcessor: PostProcessor {
  private let trimsOffsets: Bool
  private let addsPrefixSpace: Bool

  init(_ json: JSONField) throws {
    trimsOffsets = try json.optional("trim_offsets")?.bool() ?? true
    addsPrefixSpace = try json.optional("add_prefix_space")?.bool() ?? true
  }

  func addedCount(isPair: Bool) -> Int { 0 }

  func process(
    _ parts: [Encoding], addSpecialTokens: Bool, vocabulary: Vocabulary
  ) -> [Encoding] {
    guard trimsOffsets else { return parts }
    return parts.map { part in
      guard part.sources != nil else { return part }
      var part = part
      trim(&part, vocabulary)
      return part
    }
  }

  private func trim(_ encoding: inout Encoding, _ vocabulary: Vocabulary) {
    guard var sources = encoding.sources else { return }
    for (index, id) in encoding.ids.enumerated() {
      var (leading, trailing) = encoding.blanks[index] ?? (0, 0)
      if encoding.blanks[index] == nil {
        let token = vocabulary.bytes(of: Int(id)) ?? []
        (leading, trailing) = token.withUnsafeBufferPointer(Self.blankCounts)
      }
      var source = sources[index]
      if leading > 0 {
        // A lone space at the beginning was put there by the pre-tokenizer and covers no text.
        let isFirst = index == 0 || source.lower == 0
        if isFirst, addsPrefixSpace, leading == 1 { leading = 0 }
        source.lower = min(source.lower + leading, source.upper)
      }
      if trailing > 0, source.upper >= trailing {
        source.upper = max(source.upper - trailing, source.lower)
      }
      sources[index] = source
    }
    encoding.sources = sources
  }

  /// Blank scalars before and behind: spaces as the byte alphabet writes them, or any white space.
  static func blankCounts(_ token: UnsafeBufferPointer<UInt8>) -> (Int32, Int32) {
    func isBlank(_ value: UInt32) -> Bool {
      value == ByteAlphabet.scalars[0x20] || ScalarClass(value) == .space
    }
    var leading: Int32 = 0
    var place = 0
    while place < token.count {
      let (value, byteCount) = UTF8Scan.scalar(token, at: place)
      guard isBlank(value) else { break }
      leading += 1
      place += byteCount
    }
    var trailing: Int32 = 0
    place = token.count
    while place > 0 {
      let (value, start) = UTF8Scan.scalarBefore(token, place)
      guard isBlank(value) else { break }
      trailing += 1
      place = start
    }
    return (leading, trailing)
  }
}
