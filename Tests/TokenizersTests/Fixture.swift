// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizers

/// Files that Fixtures/make_fixtures.py made with Python's `tokenizers`.
enum Fixture {
  /// What Python made of one text.
  struct Row: Decodable {
    var ids: [Int]
    /// Start and end of each token, one after the other.
    var offsets: [Int]?
    /// Ids without special tokens, where they differ.
    var plain: [Int]?
    /// The decoded text, where it differs from the text.
    var decoded: String?
    /// The decoded text with special tokens, where it differs.
    var all: String?
  }

  struct Results: Decodable {
    /// One row a text.
    var encoded: [Row]
    /// Random ids and what they decode to.
    var random: [Row]
  }

  struct Book: Decodable {
    var texts: [String]
    var tokenizers: [String: Results]
  }

  struct Training: Decodable {
    var lines: [String]
    var vocab: [String: Int]
    var merges: [[String]]
    /// Ids of the first texts of cases.json.
    var encoded: [[Int]]
  }

  /// Kinds of tokenizers, of which each has a file in Fixtures/kinds.
  static let kinds = [
    "gpt2", "llama3", "qwen2", "neox", "llama2", "llama2_metaspace", "gemma", "t5", "xlmr",
    "unigram_bytes", "bert", "bert_cased", "roberta", "clip", "o200k", "deepseek", "mixed",
  ]

  /// A tokenizer of one kind.
  static func kind(_ name: String) throws -> Tokenizer {
    try Tokenizer(tokenizerJSON: data("kinds/\(name).json"), configuration: nil)
  }

  /// The low 32 bits of the 64-bit FNV-1a sum of a text's UTF-8, as make_kinds.py has it.
  static func digest(_ text: String) -> UInt32 {
    var value: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return UInt32(truncatingIfNeeded: value)
  }

  static func data(_ name: String) throws -> Data {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    return try Data(contentsOf: folder.appending(path: name))
  }

  static func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    try JSONDecoder().decode(type, from: data(name))
  }

  static func tokenizer(_ name: String) throws -> Tokenizer {
    try Tokenizer(tokenizerJSON: data("\(name)_tokenizer.json"), configuration: nil)
  }

  /// Runs `body` with an empty folder that is removed afterwards.
  static func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "tokenizers-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  /// The folder of a model that the repository does not hold, or nil.
  static func model(_ name: String) -> URL? {
    guard let root = ProcessInfo.processInfo.environment["ATTUNE_TEST_DATA"] else { return nil }
    let folder = URL(filePath: root).appending(path: "models/\(name)")
    let file = folder.appending(path: "tokenizer.json").path
    return FileManager.default.fileExists(atPath: file) ? folder : nil
  }
}

/// Whether two texts have the same scalars; `==` would also accept canonical equivalents.
func sameScalars(_ first: String, _ second: String) -> Bool {
  first.utf8.elementsEqual(second.utf8)
}

/// Compares a tokenizer with what Python did; one issue for each text that differs.
func expectEqual(_ tokenizer: Tokenizer, _ texts: [String], _ results: Fixture.Results) {
  #expect(texts.count == results.encoded.count)
  for (text, row) in zip(texts, results.encoded) {
    let shown = Comment(rawValue: text.debugDescription)
    let (ids, offsets) = tokenizer.encodeWithOffsets(text)
    #expect(ids == row.ids, shown)
    #expect(tokenizer.encode(text) == row.ids, shown)
    #expect(tokenizer.encode(text, addSpecialTokens: false) == row.plain ?? row.ids, shown)
    #expect(offsets.flatMap { [$0.lowerBound, $0.upperBound] } == row.offsets, shown)
    expectDecodes(tokenizer, row, text: text)
  }
  for row in results.random { expectDecodes(tokenizer, row, text: "") }
}

private func expectDecodes(_ tokenizer: Tokenizer, _ row: Fixture.Row, text: String) {
  let decoded = row.decoded ?? text
  let shown = Comment(rawValue: "\(row.ids)")
  let skipping = tokenizer.decode(row.ids)
  #expect(sameScalars(skipping, decoded), shown)
  let everything = tokenizer.decode(row.ids, skipSpecialTokens: false)
  #expect(sameScalars(everything, row.all ?? decoded), shown)
}
