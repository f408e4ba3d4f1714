// SPDX-License-Identifier: Apache-2.0

/// Turns "▁" into spaces and drops those of the first token, which encoding put there.
struct MetaspaceDecoder: TokenDecoder {
  private let replacement: [UInt8]
  private let dropsFirst: Bool

  init(_ json: JSONField) throws {
    replacement = try json.optional("replacement")?.scalar() ?? Array("▁".utf8)
    dropsFirst = try MetaspacePreTokenizer.Scheme(metaspace: json) != .never
  }

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.enumerated().map { index, token in
      var text = AlignedText(token)
      text.replace(replacement, with: index == 0 && dropsFirst ? [] : [UInt8(ascii: " ")])
      return text.bytes
    }
  }
}
