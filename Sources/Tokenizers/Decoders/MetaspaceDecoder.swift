// SPDX-License-Identifier: Apache-2.0

/// Turns "▁" into spaces and drops those of the first token, which encoding put there.
struct MetaspaceDecoder: TokenDecoder {
  private let replacement: [UInt8]
  private let dropsFirst: Bool

  init(_ json: JSONField) throws {
    replacement = Array((try json.optional("replacement")?.string() ?? "▁").utf8)
    if let scheme = try json.optional("prepend_scheme")?.string() {
      dropsFirst = scheme != "never"
    } else {
      // Older files say the same with a flag.
      dropsFirst = try json.optional("add_prefix_space")?.bool() ?? true
    }
  }

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.enumerated().map { index, token in
      token.withUnsafeBufferPointer { bytes in
        var text = AlignedText(bytes, wantsSources: false)
        text.replace(replacement, with: index == 0 && dropsFirst ? [] : [UInt8(ascii: " ")])
        return text.bytes
      }
    }
  }
}
