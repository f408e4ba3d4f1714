// SPDX-License-Identifier: Apache-2.0

/// Replaces each occurrence of a fixed text within a token, usually "▁" by a space.
struct ReplaceDecoder: TokenDecoder {
  private let pattern: [UInt8]
  private let content: [UInt8]

  init(_ json: JSONField) throws {
    (pattern, content) = try json.replacement(stage: "decoder 'Replace'")
  }

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.map { token in
      token.withUnsafeBufferPointer { bytes in
        var text = AlignedText(bytes, wantsSources: false)
        text.replace(pattern, with: content)
        return text.bytes
      }
    }
  }
}
