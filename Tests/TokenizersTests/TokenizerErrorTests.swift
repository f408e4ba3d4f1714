// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizers

@Suite("TokenizerError")
struct TokenizerErrorTests {
  private func load(_ json: String, configuration: String? = nil) throws {
    _ = try Tokenizer(
      tokenizerJSON: Data(json.utf8), configuration: configuration.map { Data($0.utf8) })
  }

  /// A whole file around the text of its model and other members.
  private func file(_ vocab: String, merges: String = "", more: String = "") -> String {
    #"{"model": {"type": "BPE", "vocab": {\#(vocab)}, "merges": [\#(merges)]}\#(more)}"#
  }

  @Test("a folder without tokenizer.json is named")
  func missingFile() throws {
    try Fixture.withFolder { folder in
      #expect(throws: TokenizerError.missingTokenizerJSON(folder: folder.path)) {
        try Tokenizer(folder: folder)
      }
    }
  }

  @Test(
    "broken JSON is shown with line and column",
    arguments: [
      ("", 1, 1, "the text ends where a value should begin"),
      ("{\n  \"a\": tru\n}", 2, 8, "expected a value"),
      ("{\"a\": 1,}", 1, 9, "expected a member name in double quotes"),
      ("[1 2]", 1, 4, "expected ',' or ']' in a list"),
      ("{\"a\" 1}", 1, 6, "expected ':' after a member name"),
      ("{\"a\": \"b", 1, 9, "a string without its closing quote"),
      ("{\"a\": \"\\ud800\"}", 1, 14, "half of a surrogate pair"),
      ("{\"é\": -}", 1, 8, "'-' is not a number"),
      ("{} x", 1, 4, "text after the end of the document"),
      ("version https://git-lfs.github.com/spec/v1", 1, 1, "expected a value"),
    ])
  func brokenJSON(text: String, line: Int, column: Int, reason: String) {
    #expect(
      throws: TokenizerError.brokenJSON(
        file: "tokenizer.json", line: line, column: column, reason: reason)
    ) { try load(text) }
  }

  @Test("nesting without end is refused")
  func nesting() {
    #expect(throws: TokenizerError.self) { try load(String(repeating: "[", count: 100_000)) }
  }

  @Test("a missing vocabulary or missing merges are named")
  func missingFields() {
    #expect(throws: TokenizerError.missingField(file: "tokenizer.json", field: "model")) {
      try load("{}")
    }
    #expect(throws: TokenizerError.missingField(file: "tokenizer.json", field: "model.vocab")) {
      try load(#"{"model": {"type": "BPE", "merges": []}}"#)
    }
    #expect(throws: TokenizerError.missingField(file: "tokenizer.json", field: "model.merges")) {
      try load(#"{"model": {"type": "BPE", "vocab": {}}}"#)
    }
  }

  @Test("a merge of an unknown token is shown with its index")
  func badMerge() throws {
    let vocab = #""a": 0, "b": 1, "ab": 2"#
    let unknown = TokenizerError.badMerge(
      file: "tokenizer.json", index: 1, merge: "ab c", reason: "token 'c' is not in model.vocab")
    #expect(throws: unknown) { try load(file(vocab, merges: #"["a", "b"], ["ab", "c"]"#)) }
    #expect(unknown.description.contains("model.merges[1]: 'ab c'"))
    #expect(
      throws: TokenizerError.badMerge(
        file: "tokenizer.json", index: 0, merge: "b a", reason: "token 'ba' is not in model.vocab")
    ) { try load(file(vocab, merges: #""b a""#)) }
    #expect(
      throws: TokenizerError.badMerge(
        file: "tokenizer.json", index: 0, merge: #"["a"]"#, reason: "expected two tokens")
    ) { try load(file(vocab, merges: #"["a"]"#)) }
  }

  @Test("ids and tokens that collide are named")
  func collisions() {
    #expect(
      throws: TokenizerError.idCollision(
        file: "tokenizer.json", id: 1, first: "b", second: "c")
    ) { try load(file(#""a": 0, "b": 1, "c": 1"#)) }
    #expect(
      throws: TokenizerError.tokenCollision(
        file: "tokenizer.json", token: "a", first: 0, second: 1)
    ) { try load(file(#""a": 0, "a": 1"#)) }
    #expect(
      throws: TokenizerError.idCollision(
        file: "tokenizer.json", id: 0, first: "a", second: "<s>")
    ) {
      try load(file(#""a": 0"#, more: #", "added_tokens": [{"id": 0, "content": "<s>"}]"#))
    }
  }

  @Test("an id that is none is shown with its place")
  func badID() {
    #expect(
      throws: TokenizerError.wrongType(
        file: "tokenizer.json", field: #"model.vocab["a"]"#,
        expected: "a token id, a whole number from 0", found: "-1")
    ) { try load(file(#""a": -1"#)) }
  }

  @Test(
    "a stage that is not built in is named",
    arguments: [
      (#""normalizer": {"type": "NFC"}"#, "normalizer 'NFC'"),
      (
        #""normalizer": {"type": "Sequence", "normalizers": [{"type": "Lowercase"}]}"#,
        "normalizer 'Lowercase'"
      ),
      (
        #""normalizer": {"type": "Replace", "pattern": {"Regex": "a+"}, "content": "b"}"#,
        "normalizer 'Replace' with a regular expression"
      ),
      (#""pre_tokenizer": {"type": "Digits"}"#, "pre_tokenizer 'Digits'"),
      (
        #""pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"}, {"type": "ByteLevel"}]}"#,
        "pre_tokenizer 'Sequence' with a stage after 'ByteLevel'"
      ),
      (#""post_processor": {"type": "BertProcessing"}"#, "post_processor 'BertProcessing'"),
      (#""decoder": {"type": "WordPiece"}"#, "decoder 'WordPiece'"),
    ])
  func unsupportedStage(member: String, stage: String) {
    #expect(throws: TokenizerError.unsupported(stage: stage)) {
      try load(file("", more: ", \(member)"))
    }
  }

  @Test("a model or an option of it that is not built in is named")
  func unsupportedModel() {
    #expect(throws: TokenizerError.unsupported(stage: "model 'Unigram'")) {
      try load(#"{"model": {"type": "Unigram", "vocab": []}}"#)
    }
    #expect(throws: TokenizerError.unsupported(stage: "model 'BPE' with dropout")) {
      try load(#"{"model": {"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []}}"#)
    }
  }

  @Test("a role given to a token that does not exist is named")
  func unknownRole() {
    #expect(
      throws: TokenizerError.unknownToken(
        file: "tokenizer_config.json", field: "eos_token", token: "</s>")
    ) { try load(file(#""a": 0"#), configuration: #"{"eos_token": "</s>"}"#) }
  }

  @Test("a folder that cannot be written is an error with its path")
  func unwritable() throws {
    let tokenizer = try Fixture.tokenizer("gpt2")
    try Fixture.withFolder { folder in
      let file = folder.appending(path: "taken")
      try Data([1]).write(to: file)
      #expect {
        try tokenizer.save(to: file)
      } throws: { error in
        guard case .fileFailure(file.path, _)? = error as? TokenizerError else { return false }
        return true
      }
    }
  }
}
