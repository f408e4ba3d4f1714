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
      (#""normalizer": {"type": "Transliterate"}"#, "normalizer 'Transliterate'"),
      (
        #""normalizer": {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "Rot13"}]}"#,
        "normalizer 'Rot13'"
      ),
      (#""pre_tokenizer": {"type": "UnicodeScripts"}"#, "pre_tokenizer 'UnicodeScripts'"),
      (#""post_processor": {"type": "Other"}"#, "post_processor 'Other'"),
      (#""decoder": {"type": "Other"}"#, "decoder 'Other'"),
    ])
  func unsupportedStage(member: String, stage: String) {
    #expect(throws: TokenizerError.unsupported(stage: stage)) {
      try load(file("", more: ", \(member)"))
    }
  }

  @Test("a model or an option of it that is not built in is named")
  func unsupportedModel() {
    #expect(throws: TokenizerError.unsupported(stage: "model 'Neural'")) {
      try load(#"{"model": {"type": "Neural", "vocab": []}}"#)
    }
    let dropout = "model 'BPE' with a dropout of 0.1 (it makes ids random; set it to null)"
    #expect(throws: TokenizerError.unsupported(stage: dropout)) {
      try load(#"{"model": {"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []}}"#)
    }
    #expect(throws: Never.self) {
      try load(#"{"model": {"type": "BPE", "dropout": 0.0, "vocab": {}, "merges": []}}"#)
    }
  }

  @Test(
    "a field of a stage that holds something else is shown with its place",
    arguments: [
      (
        #""normalizer": {"type": "Precompiled", "precompiled_charsmap": "%%%%"}"#,
        "normalizer.precompiled_charsmap"
      ),
      (
        #""normalizer": {"type": "Precompiled", "precompiled_charsmap": "/////w=="}"#,
        "normalizer.precompiled_charsmap"
      ),
      (
        #""pre_tokenizer": {"type": "Metaspace", "replacement": "ab"}"#, "pre_tokenizer.replacement"
      ),
      (
        #""pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "often"}"#,
        "pre_tokenizer.prepend_scheme"
      ),
      (
        #""pre_tokenizer": {"type": "Split", "pattern": {"String": "a"}, "behavior": "Kept"}"#,
        "pre_tokenizer.behavior"
      ),
      (#""pre_tokenizer": {"type": "FixedLength", "length": 0}"#, "pre_tokenizer.length"),
      (
        #""post_processor": {"type": "BertProcessing", "cls": ["a"], "sep": ["b", 1]}"#,
        "post_processor.cls"
      ),
      (#""decoder": {"type": "Strip", "content": "ab", "start": 1, "stop": 0}"#, "decoder.content"),
      (#""truncation": {"max_length": -1}"#, "truncation.max_length"),
      (#""truncation": {"max_length": 1, "strategy": "Both"}"#, "truncation.strategy"),
      (#""padding": {"strategy": {"Fixed": -2}}"#, "padding.strategy.Fixed"),
      (#""padding": {"strategy": "Widest"}"#, "padding.strategy"),
    ])
  func wrongField(member: String, field: String) {
    #expect {
      try load(file("", more: ", \(member)"))
    } throws: { error in
      guard case .wrongType("tokenizer.json", field, _, _)? = error as? TokenizerError else {
        return false
      }
      return true
    }
  }

  @Test("a unigram vocabulary that holds something else is shown with its place")
  func badPieces() {
    #expect(
      throws: TokenizerError.wrongType(
        file: "tokenizer.json", field: "model.vocab[1]", expected: "a piece and its score",
        found: "a list")
    ) { try load(#"{"model": {"type": "Unigram", "vocab": [["a", -1.5], ["b"]]}}"#) }
    #expect(
      throws: TokenizerError.wrongType(
        file: "tokenizer.json", field: "model.unk_id", expected: "an id below 1", found: "1")
    ) { try load(#"{"model": {"type": "Unigram", "unk_id": 1, "vocab": [["a", -1.5]]}}"#) }
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
