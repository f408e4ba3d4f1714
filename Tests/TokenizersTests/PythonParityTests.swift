// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizers

@Suite("Parity with Python's tokenizers")
struct PythonParityTests {
  @Test(
    "gives Python's ids, offsets and decoded texts",
    arguments: ["gpt2", "spaced", "sentencepiece", "fallback", "metaspace"])
  func parity(name: String) throws {
    let book = try Fixture.decode(Fixture.Book.self, "cases.json")
    let results = try #require(book.tokenizers[name])
    expectEqual(try Fixture.tokenizer(name), book.texts, results)
  }

  @Test(
    "stories260k gives Python's results and the numbers of its page",
    .enabled(
      if: Fixture.model("stories260k") != nil,
      "set ATTUNE_TEST_DATA to a folder with models/stories260k"))
  func stories() throws {
    let folder = try #require(Fixture.model("stories260k"))
    let tokenizer = try Tokenizer(folder: folder)
    let book = try Fixture.decode(Fixture.Book.self, "cases.json")
    expectEqual(
      tokenizer, book.texts, try Fixture.decode(Fixture.Results.self, "stories260k.json"))

    let text = "Once upon a time, there was a little girl named Lily."
    #expect(
      tokenizer.encode(text)
        == [1, 403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426])
    #expect(tokenizer.vocabularyCount == 512)
    #expect(tokenizer.bosTokenID == 1)
    #expect(tokenizer.eosTokenID == 2)
    #expect(tokenizer.padTokenID == 0)
    #expect(tokenizer.unknownTokenID == 0)
    #expect(tokenizer.modelMaxLength == 512)
    #expect(tokenizer.specialTokenIDs == [0, 1, 2])
  }

  @Test("training makes the vocabulary and merges that Python's trainer makes")
  func training() throws {
    let expected = try Fixture.decode(Fixture.Training.self, "trained.json")
    let trained = try BytePairTrainer(vocabularySize: 900).train(on: expected.lines)
    #expect(trained.vocabularyCount == expected.vocab.count)
    for (token, id) in expected.vocab { #expect(trained.id(of: token) == id) }

    try Fixture.withFolder { folder in
      try trained.save(to: folder)
      let file = try Data(contentsOf: folder.appending(path: "tokenizer.json"))
      let json = try JSONDecoder().decode(SavedFile.self, from: file)
      #expect(json.model.merges == expected.merges)
    }
    let texts = try Fixture.decode(Fixture.Book.self, "cases.json").texts
    for (text, ids) in zip(texts, expected.encoded) {
      #expect(trained.encode(text) == ids, Comment(rawValue: text.debugDescription))
    }
  }

  private struct SavedFile: Decodable {
    struct Model: Decodable { var merges: [[String]] }
    var model: Model
  }
}
