// SPDX-License-Identifier: Apache-2.0

/// Replaces each occurrence of a text or pattern, usually a space, by another text, usually "▁".
struct ReplaceNormalizer: Normalizer {
  private let replacement: Replacement

  init(_ json: JSONField) throws {
    replacement = try Replacement(json)
  }

  func normalize(_ text: inout AlignedText) throws(TokenizerError) {
    try replacement.apply(to: &text)
  }
}

/// The `pattern` and `content` of a Replace stage.
struct Replacement: Sendable {
  private enum Finder: Sendable {
    case text([UInt8])
    case pattern(Pattern)
  }

  private let finder: Finder
  private let content: [UInt8]

  init(_ json: JSONField) throws {
    // The replacement may be empty, so only its absence is an error.
    content = Array(try json.required("content").string().utf8)
    let pattern = try json.required("pattern")
    if let text = try pattern.optional("String")?.string(), !text.isEmpty {
      finder = .text(Array(text.utf8))
    } else {
      let field = try pattern.optional("String") ?? pattern.required("Regex")
      finder = .pattern(try Pattern(try field.string(), field: field))
    }
  }

  func apply(to text: inout AlignedText) throws(TokenizerError) {
    switch finder {
    case .text(let pattern): text.replace(pattern, with: content)
    case .pattern(let pattern):
      if text.bytes.isEmpty { return }
      let matches = try text.bytes.withUnsafeBufferPointer { bytes throws(TokenizerError) in
        try pattern.matches(in: bytes)
      }
      text.replace(matches, with: content)
    }
  }
}
