// SPDX-License-Identifier: Apache-2.0

/// Joins continuations ("##ing") to what they continue and puts spaces between other tokens.
struct WordPieceDecoder: TokenDecoder {
  private let prefix: [UInt8]
  private let cleansUp: Bool

  init(_ json: JSONField) throws {
    prefix = Array((try json.optional("prefix")?.string() ?? "##").utf8)
    cleansUp = try json.optional("cleanup")?.bool() ?? true
  }

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.enumerated().map { index, token in
      var token = token
      if index > 0 {
        if token.starts(with: prefix) {
          token.removeFirst(prefix.count)
        } else {
          token.insert(UInt8(ascii: " "), at: 0)
        }
      }
      return cleansUp ? Self.cleanedUp(token) : token
    }
  }

  /// Takes spaces out that splitting put before punctuation and English contractions.
  static func cleanedUp(_ token: [UInt8]) -> [UInt8] {
    // Each rule begins with a space.
    guard token.contains(UInt8(ascii: " ")) else { return token }
    var text = AlignedText(token)
    for (pattern, content) in rules { text.replace(pattern, with: content) }
    return text.bytes
  }

  private static let rules: [([UInt8], [UInt8])] = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ].map { (Array($0.utf8), Array($1.utf8)) }
}

/// Turns the mark of a word's end ("</w>") into a space, but for the last token.
struct SuffixDecoder: TokenDecoder {
  private let suffix: [UInt8]

  init(_ json: JSONField) throws {
    suffix = Array((try json.optional("suffix")?.string() ?? "</w>").utf8)
  }

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.enumerated().map { index, token in
      var text = AlignedText(token)
      text.replace(suffix, with: index == tokens.count - 1 ? [] : [UInt8(ascii: " ")])
      return text.bytes
    }
  }
}

/// Reads the output of connectionist temporal classification: drops repetitions and the blank.
struct AlignmentDecoder: TokenDecoder {
  private let blank: [UInt8]
  private let delimiter: [UInt8]
  private let cleansUp: Bool

  init(_ json: JSONField) throws {
    blank = Array((try json.optional("pad_token")?.string() ?? "<pad>").utf8)
    delimiter = Array((try json.optional("word_delimiter_token")?.string() ?? "|").utf8)
    cleansUp = try json.optional("cleanup")?.bool() ?? true
  }

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    for (index, token) in tokens.enumerated() where index == 0 || tokens[index - 1] != token {
      var text = AlignedText(token)
      text.replace(blank, with: [])
      if cleansUp {
        text = AlignedText(WordPieceDecoder.cleanedUp(text.bytes))
        text.replace(delimiter, with: [UInt8(ascii: " ")])
      }
      if !text.bytes.isEmpty { result.append(text.bytes) }
    }
    return result
  }
}
