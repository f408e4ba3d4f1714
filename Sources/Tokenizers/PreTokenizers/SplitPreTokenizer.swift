// SPDX-License-Identifier: Apache-2.0

/// Splits at a fixed text or a regular expression.
struct SplitPreTokenizer: PreTokenizer {
  /// How the delimiters are found.
  private enum Finder: Sendable {
    case text([UInt8])
    case pattern(Pattern)
    case scanner(WordPattern)
  }

  private let finder: Finder
  private let behavior: SplitBehavior
  private let isInverted: Bool

  init(_ json: JSONField) throws {
    behavior = try SplitBehavior(json.required("behavior"))
    isInverted = try json.optional("invert")?.bool() ?? false
    let pattern = try json.required("pattern")
    if let text = try pattern.optional("String")?.string(), !text.isEmpty {
      finder = .text(Array(text.utf8))
      return
    }
    let field = try pattern.optional("String") ?? pattern.required("Regex")
    let source = try field.string()
    // All scalars fall into matches of these patterns, so that they become the words either way.
    let keepsMatches =
      behavior == .isolated || (behavior == .removed && isInverted)
    if keepsMatches, let scanner = WordPattern(source) {
      finder = .scanner(scanner)
    } else {
      finder = .pattern(try Pattern(source, field: field))
    }
  }

  func cut(_ cuts: inout WordCuts) {
    switch finder {
    case .scanner(let scanner):
      cuts.recut { scanner.cut($0, $1, into: &$2) }
    case .text(let text):
      cuts.recut { bytes, word, words in
        let matches = ByteSearch.matches(of: text, in: UnsafeBufferPointer(rebasing: bytes[word]))
        append(matches, of: word, to: &words)
      }
    case .pattern(let pattern):
      var failure = cuts.failure
      cuts.recut { bytes, word, words in
        do throws(TokenizerError) {
          let matches = try pattern.matches(in: UnsafeBufferPointer(rebasing: bytes[word]))
          append(matches, of: word, to: &words)
        } catch {
          failure = failure ?? error
          words.append(word)
        }
      }
      cuts.failure = failure
    }
  }

  private func append(
    _ matches: [Range<Int>], of word: Range<Int>, to words: inout [Range<Int>]
  ) {
    let places = matches.map { match in
      match.lowerBound + word.lowerBound..<match.upperBound + word.lowerBound
    }
    behavior.append(
      SplitPart.parts(of: places, in: word, areInverted: isInverted), to: &words)
  }
}
