// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizers

@Suite("Batches")
struct BatchTests {
  /// What make_kinds.py wrote.
  private struct Book: Decodable {
    var inputs: [[String]]
    var cases: [Case]
  }

  /// Settings as tokenizer.json has them, and digests of all rows.
  private struct Case: Decodable {
    var kind: String
    var truncation: Setting?
    var padding: Setting?
    var pairs: UInt32?
    var texts: UInt32?
    var pairsText: String?
    var textsText: String?

    enum CodingKeys: String, CodingKey {
      case kind, truncation, padding, pairs, texts
      case pairsText = "pairs_text"
      case textsText = "texts_text"
    }
  }

  /// A JSON object taken over as it is.
  private struct Setting: Decodable {
    var json: String

    init(from decoder: any Decoder) throws {
      let values = try decoder.singleValueContainer().decode([String: Value].self)
      json = "{" + values.map { "\"\($0)\": \($1.json)" }.joined(separator: ", ") + "}"
    }
  }

  private struct Value: Decodable {
    var json: String

    init(from decoder: any Decoder) throws {
      let box = try decoder.singleValueContainer()
      if let number = try? box.decode(Int.self) {
        json = "\(number)"
      } else if let text = try? box.decode(String.self) {
        json = "\"\(text)\""
      } else if let nested = try? box.decode([String: Int].self) {
        json = "{" + nested.map { "\"\($0)\": \($1)" }.joined() + "}"
      } else {
        json = "null"
      }
    }
  }

  /// The tokenizer of a kind with other settings in its file.
  private func tokenizer(_ entry: Case) throws -> Tokenizer {
    var text = String(decoding: try Fixture.data("kinds/\(entry.kind).json"), as: UTF8.self)
    text = text.replacingOccurrences(
      of: "\"truncation\":null", with: "\"truncation\":\(entry.truncation?.json ?? "null")")
    text = text.replacingOccurrences(
      of: "\"padding\":null", with: "\"padding\":\(entry.padding?.json ?? "null")")
    return try Tokenizer(tokenizerJSON: Data(text.utf8), configuration: nil)
  }

  private func written(_ rows: [TokenizedText]) -> String {
    rows.map { row in
      [
        row.ids, row.typeIDs, row.attentionMask, row.specialTokensMask,
        row.offsets.flatMap { [$0.lowerBound, $0.upperBound] },
      ].map { $0.map(String.init).joined(separator: " ") }.joined(separator: "|")
    }.joined(separator: "\n")
  }

  @Test("rows are Python's, with pairs, truncation and padding as the file says")
  func parity() throws {
    let book = try Fixture.decode(Book.self, "batches.json")
    #expect(book.cases.count > 60)
    for entry in book.cases {
      let tokenizer = try tokenizer(entry)
      let shown = Comment(
        rawValue: "\(entry.kind) \(entry.truncation?.json ?? "") \(entry.padding?.json ?? "")")
      if let digest = entry.pairs {
        let rows = try tokenizer.encodeBatch(pairs: book.inputs.map { ($0[0], $0[1]) })
        if let text = entry.pairsText { #expect(written(rows) == text, shown) }
        #expect(Fixture.digest(written(rows)) == digest, shown)
      }
      if let digest = entry.texts {
        let rows = try tokenizer.encodeBatch(book.inputs.map { $0[0] })
        if let text = entry.textsText { #expect(written(rows) == text, shown) }
        #expect(Fixture.digest(written(rows)) == digest, shown)
      }
    }
  }

  @Test("settings can be changed and are saved")
  func settings() throws {
    var tokenizer = try Fixture.kind("bert")
    #expect(tokenizer.truncation == nil)
    tokenizer.truncation = Truncation(maxLength: 5, side: .left)
    tokenizer.padding = Padding(tokenID: 0, length: .fixed(8), isLeft: true)
    let row = try #require(try tokenizer.encodeBatch(["kana kana kana kana kana"]).first)
    #expect(row.ids.count == 8)
    #expect(row.attentionMask == [0, 0, 0, 1, 1, 1, 1, 1])
    #expect(row.specialTokensMask == [1, 1, 1, 1, 0, 0, 0, 1])
    try Fixture.withFolder { folder in
      try tokenizer.save(to: folder)
      let again = try Tokenizer(folder: folder)
      #expect(again.truncation == tokenizer.truncation)
      #expect(again.padding == tokenizer.padding)
    }
  }

  @Test("an empty batch has no rows; an empty text has the added tokens alone")
  func empty() throws {
    let tokenizer = try Fixture.kind("bert")
    #expect(try tokenizer.encodeBatch([]).isEmpty)
    #expect(try tokenizer.encodeBatch([""])[0].specialTokensMask == [1, 1])
    #expect(try tokenizer.encodeBatch([""], addSpecialTokens: false)[0].ids.isEmpty)
  }

  @Test("what cannot be cut is an error that says why")
  func impossible() throws {
    var tokenizer = try Fixture.kind("bert")
    tokenizer.truncation = Truncation(maxLength: 1)
    #expect {
      try tokenizer.encodeBatch(["a"])
    } throws: { error in
      "\(error)".contains("2 special tokens alone are more than the 1 asked for")
    }
    tokenizer.truncation = Truncation(maxLength: 4, strategy: .onlySecond)
    #expect(throws: TokenizerError.self) { try tokenizer.encodeBatch(["one two three four"]) }
    #expect(throws: TokenizerError.self) {
      try tokenizer.encodeBatch(pairs: [("one two three four", "x")])
    }
  }

  @Test("what cannot be written is left out of ids and an error in a batch")
  func unencodable() throws {
    let file =
      #"{"model": {"type": "Unigram", "unk_id": null, "vocab": [["a", -1.0], ["b", -2.0]]}}"#
    let tokenizer = try Tokenizer(tokenizerJSON: Data(file.utf8), configuration: nil)
    #expect(tokenizer.encode("axb") == [0, 1])
    #expect(throws: TokenizerError.unencodable) { try tokenizer.encodeBatch(["axb"]) }
    #expect(try tokenizer.encodeBatch(["ab"])[0].ids == [0, 1])
  }
}
