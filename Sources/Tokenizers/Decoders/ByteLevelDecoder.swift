// SPDX-License-Identifier: Apache-2.0

/// Reads the byte alphabet back into bytes; bytes that are no UTF-8 become U+FFFD.
struct ByteLevelDecoder: TokenDecoder {
  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    let raw = tokens.flatMap(Self.raw)
    return [Array(String(decoding: raw, as: UTF8.self).utf8)]
  }

  /// The bytes a token stands for. A token with a scalar outside the alphabet (an added token may
  /// have one) stands for its own UTF-8.
  static func raw(_ token: [UInt8]) -> [UInt8] {
    ByteAlphabet.read(token) ?? token
  }
}
