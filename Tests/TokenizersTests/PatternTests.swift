// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizers

@Suite("Patterns")
struct PatternTests {
  /// A tokenizer of which a Split stage is all that matters.
  private func splitter(_ pattern: String, behavior: String = "Isolated") throws -> Tokenizer {
    // Each word is unknown, and offsets tell what it was.
    let quoted = String(decoding: try JSONEncoder().encode(pattern), as: UTF8.self)
    let file = """
      {"model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"},
       "pre_tokenizer": {"type": "Split", "pattern": {"Regex": \(quoted)},
                         "behavior": "\(behavior)", "invert": false}}
      """
    return try Tokenizer(tokenizerJSON: Data(file.utf8), configuration: nil)
  }

  /// The words that the stage cuts a text into.
  private func words(_ tokenizer: Tokenizer, _ text: String) -> [String] {
    let scalars = Array(text.unicodeScalars)
    return tokenizer.encodeWithOffsets(text).offsets.map { range in
      String(String.UnicodeScalarView(scalars[range]))
    }
  }

  private func words(
    _ pattern: String, _ text: String, behavior: String = "Isolated"
  ) throws -> [String] {
    words(try splitter(pattern, behavior: behavior), text)
  }

  // tokenizers 0.23.3: [w for w, _ in Split("-", behavior).pre_tokenize_str("the-final--countdown")]
  @Test(
    "delimiters go where the behaviour says",
    arguments: [
      ("Removed", ["the", "final", "countdown"]),
      ("Isolated", ["the", "-", "final", "-", "-", "countdown"]),
      ("MergedWithPrevious", ["the-", "final-", "-", "countdown"]),
      ("MergedWithNext", ["the", "-final", "-", "-countdown"]),
      ("Contiguous", ["the", "-", "final", "--", "countdown"]),
    ])
  func behaviors(behavior: String, expected: [String]) throws {
    #expect(try words("-", "the-final--countdown", behavior: behavior) == expected)
  }

  // tokenizers 0.23.3: [w for w, _ in Split(Regex(pattern), "isolated").pre_tokenize_str(text)]
  @Test(
    "means what Oniguruma means",
    arguments: [
      (#"\h+"#, "abcxyz019", ["abc", "xyz", "019"]),
      (#"\p{N}{1,3}+"#, "1234567", ["1234567"]),
      (#"a{2}?"#, "aaaa", ["aa", "aa"]),
      (#"(?m:a.b)"#, "a\nb", ["a\nb"]),
      (#"a.b"#, "a\nb", ["a\nb"]),
      (#"^b"#, "a\nb", ["a\n", "b"]),
      (#"x$"#, "x\nx", ["x", "\n", "x"]),
      (#"[a-z&&[^aeiou]]+"#, "hello", ["h", "e", "ll", "o"]),
      (#"[[:alpha:]]+"#, "ab1é", ["ab", "1", "é"]),
      (#"[[:punct:]]"#, "a$b", ["a", "$", "b"]),
      (#"\p{^L}+"#, "a12b", ["a", "12", "b"]),
      (#"\P{Letter}+"#, "a12b", ["a", "12", "b"]),
      (#"\p{Han}+"#, "a日本b", ["a", "日本", "b"]),
      (#"(?i)stra"#, "xSTRAy", ["x", "STRA", "y"]),
      (#"(?i:'s)"#, "a'ſb", ["a", "'ſ", "b"]),
      (#"a(?i)b|c"#, "aBaC", ["aB", "aC"]),
      (#"\R"#, "a\r\nb\u{2028}c", ["a", "\r\n", "b", "\u{2028}", "c"]),
      (#"\v"#, "a\u{0B}b\n", ["a", "\u{0B}", "b\n"]),
      (#"\u65e5|\x{672c}"#, "日本", ["日", "本"]),
      (#"\bfoo\b"#, "foo food foo", ["foo", " food ", "foo"]),
      (#"(?<!a)b"#, "abb", ["ab", "b"]),
      (#"(?<q>a)\k<q>"#, "aab", ["aa", "b"]),
      (#"x*"#, "axb", ["a", "x", "b"]),
      (#"\s"#, "a\u{180E}b\u{85}c", ["a\u{180E}b", "\u{85}", "c"]),
      (#"[\w]+"#, "a\u{301}²_-", ["a\u{301}²_", "-"]),
      // A letter that is newer than many a PCRE2: Unicode 16.
      (#"\p{L}+"#, "\u{10D4A}1", ["\u{10D4A}", "1"]),
    ])
  func syntax(pattern: String, text: String, expected: [String]) throws {
    #expect(try words(pattern, text) == expected)
  }

  @Test("scanners cut as the patterns that they stand for", arguments: ["llama3", "qwen2", "gpt2"])
  func scanners(kind: String) throws {
    let patterns = [
      "gpt2": #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
      "llama3":
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
      "qwen2":
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
    ]
    let pattern = try #require(patterns[kind])
    // In a group of its own the pattern is not recognised, and PCRE2 runs.
    let (scanner, engine) = (try splitter(pattern), try splitter("(?:\(pattern))"))
    var generator = SplitMix(state: 17)
    let alphabet: [String] = [
      "'", "s", "S", "ſ", "t", "re", "LL", "a", "é", "日", "1", "٣", "²", " ", " ", "\n", "\r", "\t",
      "\u{A0}", "\u{2028}", "!", "-", "🙂", "\u{301}", "_", "\u{0}",
    ]
    for _ in 0..<400 {
      let count = Int.random(in: 1...14, using: &generator)
      let text = (0..<count).map { _ in
        alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
      }.joined()
      let (fast, slow) = (words(scanner, text), words(engine, text))
      #expect(fast == slow, Comment(rawValue: text.debugDescription))
    }
  }

  @Test(
    "a pattern that cannot be used is named with the reason",
    arguments: [
      ("(", "'(' without ')'"), ("a)", "')' without '('"), ("[a", "'[' without ']'"),
      ("*a", "nothing to repeat before '*'"), ("a{3,1}", "the interval {3,1} runs backwards"),
      (#"\p{Klingonese}"#, "the property 'Klingonese' is not known"),
      ("(?x) a", "(?x) is not supported"), (#"(?<n>a)\g<n>"#, #"the escape \g is not supported"#),
      ("[z-a]", "a range in brackets that runs backwards"), (#"a\"#, #"'\' at the end"#),
      (#"\xE9"#, #"\x with a byte that is no character"#),
    ])
  func badPattern(pattern: String, reason: String) {
    #expect(
      throws: TokenizerError.badPattern(
        file: "tokenizer.json", field: "pre_tokenizer.pattern.Regex", pattern: pattern,
        reason: reason)
    ) { try words(pattern, "a") }
  }

  @Test(
    "a pattern that can take forever is refused",
    arguments: ["(a+)+$", "(a|a)*b", "(?:a*)*c", #"(\s*)*x"#, "(a?){30}a{30}$"])
  func slowPattern(pattern: String) {
    #expect(throws: TokenizerError.patternTooSlow(pattern: pattern)) { try words(pattern, "a") }
  }

  @Test("a long match that outgrows the compiled code's stack is found all the same")
  func longMatch() throws {
    let text = String(repeating: "ab", count: 100_000)
    #expect(words(try splitter("(?:a|(b))+(?!c)"), text).map(\.count) == [200_000])
  }

  @Test("a pattern that only long texts make slow is an error in a batch, not a hang")
  func slowText() throws {
    // From each place the run is divided in all ways.
    let tokenizer = try splitter("(?:ab?)+(?:ab?)+(?:ab?)+c")
    let text = String(repeating: "ab", count: 20_000) + "xc"
    #expect(throws: TokenizerError.self) { try tokenizer.encodeBatch([text]) }
    #expect(tokenizer.encode(text) == [0])
  }
}
