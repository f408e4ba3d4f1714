// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizers

@Suite("Kinds of tokenizers")
struct KindTests {
  /// What make_kinds.py wrote: a digest a text and kind of what Python made of it.
  private struct Book: Decodable {
    var texts: [String]
    var digests: [String: [UInt32]]
  }

  @Test("gives Python's ids, offsets and decoded texts", arguments: Fixture.kinds)
  func parity(kind: String) throws {
    let book = try Fixture.decode(Book.self, "kinds.json")
    let digests = try #require(book.digests[kind])
    let tokenizer = try Fixture.kind(kind)
    #expect(digests.count == book.texts.count)
    for (text, digest) in zip(book.texts, digests) {
      let (ids, offsets) = tokenizer.encodeWithOffsets(text)
      let result = [
        ids.map(String.init).joined(separator: " "),
        offsets.flatMap { ["\($0.lowerBound)", "\($0.upperBound)"] }.joined(separator: " "),
        tokenizer.decode(ids), tokenizer.decode(ids, skipSpecialTokens: false),
      ].joined(separator: "|")
      let shown = Comment(rawValue: text.debugDescription)
      #expect(Fixture.digest(result) == digest, shown)
      #expect(tokenizer.encode(text) == ids, shown)
      var decoder = StreamingDecoder(tokenizer)
      let streamed = ids.map { decoder.append($0) }.joined() + decoder.finish()
      #expect(sameScalars(streamed, tokenizer.decode(ids)), shown)
    }
  }

  @Test("saving and loading changes nothing", arguments: Fixture.kinds)
  func roundTrip(kind: String) throws {
    let tokenizer = try Fixture.kind(kind)
    try Fixture.withFolder { folder in
      try tokenizer.save(to: folder)
      let again = try Tokenizer(folder: folder)
      #expect(again.fingerprintData == tokenizer.fingerprintData)
      let text = "Don't  stop, naïve 日本 🙂 12345!\n"
      #expect(again.encode(text) == tokenizer.encode(text))
    }
  }

  @Test(
    "a word of twenty thousand characters takes no quadratic time",
    arguments: ["llama2", "gemma", "t5", "bert"])
  func longWords(kind: String) throws {
    let tokenizer = try Fixture.kind(kind)
    for unit in ["a", " ", "é", "日", "▁a"] {
      let ids = tokenizer.encode(String(repeating: unit, count: 20_000))
      #expect(!ids.isEmpty)
    }
  }

  // tokenizers 0.23.3 on the same file; read exactly, the scores would put "44" elsewhere.
  @Test("ties between ways to write a word fall as Python's reading of the scores has it")
  func ties() throws {
    let file = """
      {"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁", -3.5754785537719727],
        ["▁4", -8.399300575256348], ["44", -9.319158554077148], ["4", -9.826878547668457],
        ["444", -11.355810165405273]]},
       "pre_tokenizer": {"type": "Metaspace"}}
      """
    let tokenizer = try Tokenizer(tokenizerJSON: Data(file.utf8), configuration: nil)
    #expect(tokenizer.encode("44444444444444444444") == [1, 5, 5, 5, 3, 5, 5, 5])
  }
}
