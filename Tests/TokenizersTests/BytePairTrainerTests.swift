// SPDX-License-Identifier: Apache-2.0

import Testing
import Tokenizers

@Suite("BytePairTrainer")
struct BytePairTrainerTests {
  @Test("special tokens come first, then bytes, then merges, most frequent first")
  func order() throws {
    // By hand: "ab" comes 5 times and then "Ġab" 4; "Ġc" and "cd" both come 3 times, and the id of
    // "c" is lower than that of "Ġ", so "cd" wins and takes "Ġc" with it.
    let texts = ["ab ab ab ab ab cd cd cd"]
    let tokenizer = try BytePairTrainer(vocabularySize: 262).train(on: texts)
    #expect(tokenizer.token(of: 0) == "<|endoftext|>")
    #expect(tokenizer.token(of: 1) == "<|pad|>")
    #expect(tokenizer.token(of: 2) == "!")
    #expect(tokenizer.token(of: 257) == "\u{143}")
    #expect((258..<262).map { tokenizer.token(of: $0) } == ["ab", "Ġab", "cd", "Ġcd"])
    #expect(tokenizer.vocabularyCount == 262)
    #expect(tokenizer.encode("ab cd") == [258, 261])
  }

  @Test("the first special token begins and ends, the second fills")
  func roles() throws {
    let usual = try BytePairTrainer(vocabularySize: 258).train(on: [])
    #expect(usual.bosTokenID == 0)
    #expect(usual.eosToken == "<|endoftext|>")
    #expect(usual.padTokenID == 1)
    #expect(usual.specialTokenIDs == [0, 1])
    #expect(usual.unknownTokenID == nil)
    let single = try BytePairTrainer(vocabularySize: 257, specialTokens: ["<e>"]).train(on: [])
    #expect(single.padTokenID == 0)
    let none = try BytePairTrainer(vocabularySize: 256, specialTokens: []).train(on: [])
    #expect(none.eosTokenID == nil)
    #expect(none.vocabularyCount == 256)
  }

  @Test("pairs below the minimum frequency are not merged")
  func minimumFrequency() throws {
    let texts = ["ab", "ab", "cd"]
    let strict = try BytePairTrainer(vocabularySize: 400, minimumFrequency: 2).train(on: texts)
    #expect(strict.vocabularyCount == 259)
    let lax = try BytePairTrainer(vocabularySize: 400, minimumFrequency: 1).train(on: texts)
    #expect(lax.vocabularyCount == 260)
    #expect(lax.id(of: "cd") == 259)
  }

  @Test("special tokens in the texts are not learnt in parts")
  func specialTokensInTexts() throws {
    let texts = Array(repeating: "a<|endoftext|>b", count: 50)
    let tokenizer = try BytePairTrainer(vocabularySize: 300).train(on: texts)
    #expect(tokenizer.vocabularyCount == 258)
  }

  @Test("words that overlap themselves are merged left to right")
  func overlap() throws {
    let tokenizer = try BytePairTrainer(vocabularySize: 259).train(on: ["aaaaa"])
    let ids = tokenizer.encode("aaaaa")
    #expect(ids.map { tokenizer.token(of: $0) } == ["aa", "aa", "a"])
  }

  @Test("equal texts give equal tokenizers")
  func deterministic() throws {
    let lines = try Fixture.decode(Fixture.Training.self, "trained.json").lines.prefix(300)
    let first = try BytePairTrainer(vocabularySize: 500).train(on: lines)
    let second = try BytePairTrainer(vocabularySize: 500).train(on: lines)
    #expect(first.fingerprintData == second.fingerprintData)
  }

  @Test("a vocabulary smaller than bytes and special tokens is refused")
  func tooSmall() {
    #expect(throws: TokenizerError.vocabularyTooSmall(requested: 257, minimum: 258)) {
      try BytePairTrainer(vocabularySize: 257).train(on: ["a"])
    }
    #expect(throws: TokenizerError.self) {
      try BytePairTrainer(vocabularySize: 400, specialTokens: ["<e>", "<e>"]).train(on: ["a"])
    }
  }
}
