// SPDX-License-Identifier: Apache-2.0

/// Replaces each occurrence of a text or pattern within a token, usually "▁" by a space.
struct ReplaceDecoder: TokenDecoder {
  private let replacement: Replacement

  init(_ json: JSONField) throws {
    replacement = try Replacement(json)
  }

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.map { token in
      var text = AlignedText(token)
      // A token on which the pattern takes too long is left as it is.
      try? replacement.apply(to: &text)
      return text.bytes
    }
  }
}
