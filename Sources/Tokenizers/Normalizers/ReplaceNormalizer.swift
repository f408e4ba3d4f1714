// SPDX-License-Identifier: Apache-2.0

/// Replaces each occurrence of a fixed text, usually a space, by another, usually "▁".
struct ReplaceNormalizer: Normalizer {
  let pattern: [UInt8]
  let content: [UInt8]

  init(_ json: JSONField) throws {
    (pattern, content) = try json.replacement(stage: "normalizer 'Replace'")
  }

  func normalize(_ text: inout AlignedText) {
    text.replace(pattern, with: content)
  }
}

extension JSONField {
  /// The `pattern` and `content` of a Replace stage, as UTF-8.
  func replacement(stage: String) throws -> (pattern: [UInt8], content: [UInt8]) {
    let pattern = try required("pattern")
    guard let text = pattern.optional("String") else {
      throw TokenizerError.unsupported(stage: "\(stage) with a regular expression")
    }
    // The replacement may be empty, so only its absence is an error.
    return (Array(try text.string().utf8), Array(try required("content").string().utf8))
  }
}
