// SPDX-License-Identifier: Apache-2.0

/// Rewrites a text before it is split.
protocol Normalizer: Sendable {
  /// Rewrites a segment in place.
  ///
  /// - Throws: ``TokenizerError`` where a regular expression takes too long; the text is then as
  ///   it was.
  func normalize(_ text: inout AlignedText) throws(TokenizerError)
}

/// Reads the `normalizer` of a tokenizer file.
///
/// - Throws: ``TokenizerError/unsupported(stage:)`` for a kind that is not built in.
func makeNormalizer(_ json: JSONField) throws -> any Normalizer {
  switch try json.stageType() {
  case "Sequence":
    return NormalizerSequence(
      stages: try json.required("normalizers").elements().map(makeNormalizer))
  case "NFC": return UnicodeNormalizer(form: .nfc)
  case "NFD": return UnicodeNormalizer(form: .nfd)
  case "NFKC": return UnicodeNormalizer(form: .nfkc)
  case "NFKD": return UnicodeNormalizer(form: .nfkd)
  case "Lowercase": return LowercaseNormalizer()
  case "Strip": return try StripNormalizer(json)
  case "StripAccents": return StripAccentsNormalizer(marks: .combiningMark)
  case "Replace": return try ReplaceNormalizer(json)
  case "Prepend": return try PrependNormalizer(json)
  case "Precompiled": return try PrecompiledNormalizer(json)
  case "BertNormalizer": return try BertNormalizer(json)
  case "Nmt": return NmtNormalizer()
  case "ByteLevel": return ByteLevelNormalizer()
  case let type: throw TokenizerError.unsupported(stage: "normalizer '\(type)'")
  }
}

/// Several normalizers, one after the other.
struct NormalizerSequence: Normalizer {
  let stages: [any Normalizer]

  func normalize(_ text: inout AlignedText) throws(TokenizerError) {
    for stage in stages { try stage.normalize(&text) }
  }
}
