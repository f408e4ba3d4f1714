// SPDX-License-Identifier: Apache-2.0

/// Takes blanks at the ends of tokens out of their offsets; ids stay as they are.
struct ByteLevelPostProcessor: PostProcessor {
  private let trimsOffsets: Bool
  private let addsPrefixSpace: Bool

  init(_ json: JSONField) throws {
    trimsOffsets = try json.optional("trim_offsets")?.bool() ?? true
    addsPrefixSpace = try json.optional("add_prefix_space")?.bool() ?? true
  }

  func process(_ encoding: inout Encoding, addSpecialTokens: Bool, vocabulary: Vocabulary) {
    guard trimsOffsets, var sources = encoding.sources else { return }
    for (index, id) in encoding.ids.enumerated() {
      let token = String(decoding: vocabulary.bytes(of: Int(id)) ?? [], as: UTF8.self)
      var leading = Int32(token.unicodeScalars.prefix(while: Self.isBlank).count)
      let trailing = Int32(token.unicodeScalars.reversed().prefix(while: Self.isBlank).count)
      var source = sources[index]
      if leading > 0 {
        // The first space was put there by the pre-tokenizer and covers no text of its own.
        let isFirst = index == 0 || source.lower == 0
        if isFirst && addsPrefixSpace { leading -= 1 }
        source.lower = min(source.lower + leading, source.upper)
      }
      if trailing > 0, source.upper >= trailing {
        source.upper = max(source.upper - trailing, source.lower)
      }
      sources[index] = source
    }
    encoding.sources = sources
  }

  /// A space as the byte alphabet writes it, or any white space.
  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value == ByteAlphabet.scalars[0x20] || scalar.properties.isWhitespace
  }
}
