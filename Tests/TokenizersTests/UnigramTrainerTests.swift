// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizers

@Suite("UnigramTrainer")
struct UnigramTrainerTests {
  /// What make_kinds.py wrote: Python's pieces after a run that prunes nothing and one that does.
  private struct Expected: Decodable {
    var whole: Run
    var pruned: Run
  }

  private struct Run: Decodable {
    /// Pieces with their scores.
    var steady: [String: Double]
    /// Pieces whose scores depend on chance there: rare characters, in an order drawn by lot.
    var others: [String]
  }

  private struct SavedFile: Decodable {
    struct Model: Decodable { var vocab: [Entry] }
    struct Entry: Decodable {
      var piece: String
      var score: Double

      init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        piece = try list.decode(String.self)
        score = try list.decode(Double.self)
      }
    }
    var model: Model
  }

  /// The scores of a tokenizer's pieces, as its file has them.
  private func scores(_ tokenizer: Tokenizer) throws -> [String: Double] {
    var scores: [String: Double] = [:]
    try Fixture.withFolder { folder in
      try tokenizer.save(to: folder)
      let file = try Data(contentsOf: folder.appending(path: "tokenizer.json"))
      for entry in try JSONDecoder().decode(SavedFile.self, from: file).model.vocab {
        scores[entry.piece] = entry.score
      }
    }
    return scores
  }

  @Test("finds the pieces and scores that Python's trainer finds", arguments: [true, false])
  func parity(prunes: Bool) throws {
    let lines = try Fixture.decode(Fixture.Training.self, "trained.json").lines
    let book = try Fixture.decode(Expected.self, "unigram.json")
    let expected = prunes ? book.pruned : book.whole
    let tokenizer = try UnigramTrainer(vocabularySize: prunes ? 400 : 2_000)
      .train(on: prunes ? lines[...] : lines.prefix(300))
    let found = try scores(tokenizer)
    #expect(Set(found.keys) == Set(expected.steady.keys).union(expected.others))
    #expect(expected.steady.count > 200)
    for (piece, score) in expected.steady {
      #expect(abs((found[piece] ?? 0) - score) < 1e-9, "\(piece)")
    }
    #expect((0..<4).map { tokenizer.token(of: $0) } == ["<pad>", "<s>", "</s>", "<unk>"])
  }

  @Test("equal texts give equal tokenizers, and special tokens get their parts")
  func deterministic() throws {
    let lines = try Fixture.decode(Fixture.Training.self, "trained.json").lines.prefix(200)
    let first = try UnigramTrainer(vocabularySize: 250).train(on: lines)
    let second = try UnigramTrainer(vocabularySize: 250).train(on: lines)
    #expect(first.fingerprintData == second.fingerprintData)
    #expect(first.padTokenID == 0)
    #expect(first.bosTokenID == 1)
    #expect(first.eosTokenID == 2)
    #expect(first.unknownTokenID == 3)
    #expect(first.vocabularyCount <= 250)
  }

  @Test("texts come back from their ids, and strange characters are unknown")
  func encoding() throws {
    let lines = Array(repeating: "banana bandana ban", count: 4)
    let tokenizer = try UnigramTrainer(vocabularySize: 30).train(on: lines)
    #expect(tokenizer.decode(tokenizer.encode("banana ban")) == "banana ban")
    #expect(tokenizer.encode("日本").contains(3))
  }

  @Test("fewer entries than characters and special tokens are refused")
  func tooSmall() {
    #expect(throws: TokenizerError.vocabularyTooSmall(requested: 6, minimum: 8)) {
      try UnigramTrainer(vocabularySize: 6).train(on: ["abc"])
    }
    #expect(throws: TokenizerError.self) {
      try UnigramTrainer(vocabularySize: 40, specialTokens: ["<s>", "<s>"]).train(on: ["a"])
    }
  }

  @Test("no text gives the special tokens alone")
  func nothing() throws {
    let tokenizer = try UnigramTrainer(vocabularySize: 40).train(on: [])
    #expect(tokenizer.vocabularyCount == 4)
  }
}
