// SPDX-License-Identifier: Apache-2.0

/// Puts a fixed text, usually "▁", in front of each non-empty segment.
struct PrependNormalizer: Normalizer {
  private let prefix: [UInt8]

  init(_ json: JSONField) throws {
    prefix = Array(try json.required("prepend").string().utf8)
  }

  func normalize(_ text: inout AlignedText) {
    text.prepend(prefix)
  }
}
