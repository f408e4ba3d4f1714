// SPDX-License-Identifier: Apache-2.0

import Testing
import Tokenizers

@Suite("StreamingDecoder")
struct StreamingDecoderTests {
  private func stream(_ tokenizer: Tokenizer, _ ids: [Int]) -> [String] {
    var decoder = StreamingDecoder(tokenizer)
    return ids.map { decoder.append($0) } + [decoder.finish()]
  }

  @Test(
    "the pieces joined are the decoded text",
    arguments: ["gpt2", "spaced", "sentencepiece", "fallback", "metaspace"])
  func joined(name: String) throws {
    let tokenizer = try Fixture.tokenizer(name)
    for text in try Fixture.decode(Fixture.Book.self, "cases.json").texts {
      let ids = tokenizer.encode(text)
      let (joined, whole) = (stream(tokenizer, ids).joined(), tokenizer.decode(ids))
      #expect(sameScalars(joined, whole), Comment(rawValue: text.debugDescription))
    }
  }

  @Test("random ids of every kind come out as in one piece", arguments: Fixture.kinds)
  func randomIDs(kind: String) throws {
    let tokenizer = try Fixture.kind(kind)
    var generator = SplitMix(state: 5)
    for round in 0..<60 {
      let limit = round % 2 == 0 ? min(300, tokenizer.vocabularyCount) : tokenizer.vocabularyCount
      let ids = (0..<10).map { _ in Int.random(in: 0..<limit, using: &generator) }
      let (joined, whole) = (stream(tokenizer, ids).joined(), tokenizer.decode(ids))
      #expect(sameScalars(joined, whole), "\(ids)")
    }
  }

  @Test("broken bytes of a byte-level tokenizer come out as in one piece")
  func brokenBytes() throws {
    let tokenizer = try Fixture.tokenizer("gpt2")
    var generator = SplitMix(state: 3)
    for _ in 0..<300 {
      // Ids 2..<258 are single bytes.
      let ids = (0..<12).map { _ in Int.random(in: 2..<258, using: &generator) }
      let (joined, whole) = (stream(tokenizer, ids).joined(), tokenizer.decode(ids))
      #expect(sameScalars(joined, whole), "\(ids)")
    }
  }

  @Test("a character comes with its last byte and not before")
  func wholeCharacters() throws {
    let tokenizer = try Fixture.tokenizer("gpt2")
    let ids = tokenizer.encode("𐍈", addSpecialTokens: false)
    let pieces = stream(tokenizer, ids)
    #expect(ids.count >= 4)
    #expect(pieces.dropLast(2).joined() == "")
    #expect(pieces.suffix(2) == ["𐍈", ""])
  }

  @Test("a run of byte tokens comes when it ends, for a later byte may spoil it")
  func byteRuns() throws {
    let tokenizer = try Fixture.tokenizer("fallback")
    let good = tokenizer.encode("𐍈ba", addSpecialTokens: false)
    let pieces = stream(tokenizer, good)
    #expect(pieces.prefix(4).allSatisfy { $0.isEmpty })
    #expect(pieces.joined() == "𐍈ba")
    let lead = try #require(tokenizer.id(of: "<0x41>"))
    let broken = try #require(tokenizer.id(of: "<0xF0>"))
    #expect(stream(tokenizer, [lead, broken]).joined() == "\u{FFFD}\u{FFFD}")
  }

  @Test("a character that is never completed ends as U+FFFD")
  func cut() throws {
    let tokenizer = try Fixture.tokenizer("gpt2")
    let ids = tokenizer.encode("a𐍈")
    #expect(stream(tokenizer, ids.dropLast()) == ["a", "", "", "", "\u{FFFD}"])
  }

  @Test("special tokens are left out unless asked for")
  func specialTokens() throws {
    let tokenizer = try Fixture.tokenizer("gpt2")
    let end = try #require(tokenizer.id(of: "<|endoftext|>"))
    var decoder = StreamingDecoder(tokenizer)
    #expect(decoder.append(end) == "")
    var verbose = StreamingDecoder(tokenizer, skipSpecialTokens: false)
    #expect(verbose.append(end) == "<|endoftext|>")
  }

  @Test("after finish a new text begins")
  func restart() throws {
    let tokenizer = try Fixture.tokenizer("fallback")
    let ids = tokenizer.encode("ba bo", addSpecialTokens: false)
    var decoder = StreamingDecoder(tokenizer)
    for _ in 0..<2 {
      let text = ids.map { decoder.append($0) }.joined() + decoder.finish()
      #expect(text == "ba bo")
    }
  }
}
