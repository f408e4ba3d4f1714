// SPDX-License-Identifier: Apache-2.0

/// Rewrites a text before it is split.
protocol Normalizer: Sendable {
  func normalize(_ text: inout AlignedText)
}

/// Reads the `normalizer` of a tokenizer file.
///
/// - Throws: ``TokenizerError/unsupported(stage:)`` for a kind that is not built in.
func makeNormalizer(_ json: JSONField) throws -> any Normalizer {
  switch try json.stageType() {
  case "Sequence":
    NormalizerSequence(
      stages: try json.required("normalizers").elements().map(makeNormalizer))
  case "Prepend": try PrependNormalizer(json)
  case "Replace": try ReplaceNormalizer(json)
  case let type: throw TokenizerError.unsupported(stage: "normalizer '\(type)'")
  }
}

/// Several normalizers, one after the other.
struct NormalizerSequence: Normalizer {
  let stages: [any Normalizer]

  func normalize(_ text: inout AlignedText) {
    for stage in stages { stage.normalize(&text) }
  }
}
