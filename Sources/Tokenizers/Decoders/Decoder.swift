// SPDX-License-Identifier: Apache-2.0

/// Turns tokens back into text; the text is all remaining parts joined.
protocol TokenDecoder: Sendable {
  /// Does one step.
  ///
  /// - Parameter tokens: valid UTF-8 each.
  /// - Returns: what the tokens became, valid UTF-8 each.
  func decode(_ tokens: [[UInt8]]) -> [[UInt8]]
  /// Whether tokens `<0xHH>` in a row are read as one piece of UTF-8.
  var fallsBackToBytes: Bool { get }
}

extension TokenDecoder {
  var fallsBackToBytes: Bool { false }
}

/// Reads the `decoder` of a tokenizer file.
///
/// - Throws: ``TokenizerError/unsupported(stage:)`` for a kind that is not built in.
func makeDecoder(_ json: JSONField) throws -> any TokenDecoder {
  switch try json.stageType() {
  case "Sequence":
    DecoderSequence(stages: try json.required("decoders").elements().map(makeDecoder))
  case "ByteLevel": ByteLevelDecoder()
  case "Replace": try ReplaceDecoder(json)
  case "ByteFallback": ByteFallbackDecoder()
  case "Fuse": FuseDecoder()
  case "Strip": try StripDecoder(json)
  case "Metaspace": try MetaspaceDecoder(json)
  case "WordPiece": try WordPieceDecoder(json)
  case "BPEDecoder": try SuffixDecoder(json)
  case "CTC": try AlignmentDecoder(json)
  case let type: throw TokenizerError.unsupported(stage: "decoder '\(type)'")
  }
}

/// Several decoders, one after the other.
struct DecoderSequence: TokenDecoder {
  let stages: [any TokenDecoder]

  var fallsBackToBytes: Bool { stages.contains(where: \.fallsBackToBytes) }

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    stages.reduce(tokens) { $1.decode($0) }
  }
}

/// Joins all tokens into one, so that later stages see the text as a whole.
struct FuseDecoder: TokenDecoder {
  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    [Array(tokens.joined())]
  }
}
