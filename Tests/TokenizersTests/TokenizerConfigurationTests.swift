// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizers

@Suite("Tokenizer configuration files")
struct TokenizerConfigurationTests {
  private func tokenizer(_ configuration: String) throws -> Tokenizer {
    try Tokenizer(
      tokenizerJSON: Fixture.data("fallback_tokenizer.json"),
      configuration: Data(configuration.utf8))
  }

  @Test("roles are read as text and as objects")
  func roles() throws {
    let tokenizer = try tokenizer(
      #"{"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null}"#
    )
    #expect(tokenizer.bosToken == "<s>")
    #expect(tokenizer.bosTokenID == 1)
    #expect(tokenizer.eosTokenID == 2)
    #expect(tokenizer.padToken == nil)
    #expect(tokenizer.padTokenID == nil)
    // Not in the configuration: the model says it.
    #expect(tokenizer.unknownToken == "<unk>")
    #expect(tokenizer.unknownTokenID == 0)
  }

  @Test("special ids are those of special added tokens and of roles")
  func specialIDs() throws {
    let catID = try #require(try Fixture.tokenizer("fallback").id(of: "cat"))
    #expect(try Fixture.tokenizer("fallback").specialTokenIDs == [0, 1, 2])
    #expect(try tokenizer(#"{"pad_token": "cat"}"#).specialTokenIDs == [0, 1, 2, catID])
  }

  @Test(
    "a length limit is read, and a huge one means none",
    arguments: [
      ("512", 512), ("512.0", 512), ("1e30", nil), ("1000000000000000019884624838656", nil),
      ("null", nil), ("0", nil),
    ])
  func lengthLimit(text: String, expected: Int?) throws {
    #expect(try tokenizer("{\"model_max_length\": \(text)}").modelMaxLength == expected)
  }

  @Test("of several chat templates the default counts, and saving keeps the others")
  func namedTemplates() throws {
    var tokenizer = try tokenizer(
      """
      {"chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]}
      """)
    #expect(tokenizer.chatTemplate == "D")
    let template = "{{ \"quoted\" }} back\\slash\r\n\ttab \u{1}\u{7F} e\u{301} 🙂 \u{2028}"
    tokenizer.chatTemplate = template
    try Fixture.withFolder { folder in
      try tokenizer.save(to: folder)
      let loaded = try #require(try Tokenizer(folder: folder).chatTemplate)
      #expect(sameScalars(loaded, template))
      let saved = try String(
        contentsOf: folder.appending(path: "tokenizer_config.json"), encoding: .utf8)
      #expect(saved.contains("tool_use"))
    }
  }

  @Test("chat_template.jinja wins over the configuration and follows when saving")
  func templateFile() throws {
    try Fixture.withFolder { folder in
      try self.tokenizer(#"{"chat_template": "old"}"#).save(to: folder)
      let file = folder.appending(path: "chat_template.jinja")
      try Data("from file".utf8).write(to: file)
      var tokenizer = try Tokenizer(folder: folder)
      #expect(tokenizer.chatTemplate == "from file")
      tokenizer.chatTemplate = "changed"
      try tokenizer.save(to: folder)
      #expect(try String(contentsOf: file, encoding: .utf8) == "changed")
      tokenizer.chatTemplate = nil
      try tokenizer.save(to: folder)
      #expect(!FileManager.default.fileExists(atPath: file.path))
      #expect(try Tokenizer(folder: folder).chatTemplate == nil)
    }
  }

  @Test("special_tokens_map.json is asked where the configuration is silent")
  func specialTokensMap() throws {
    try Fixture.withFolder { folder in
      try self.tokenizer(#"{"eos_token": "</s>"}"#).save(to: folder)
      try Data(#"{"eos_token": "<s>", "pad_token": {"content": "<unk>"}}"#.utf8).write(
        to: folder.appending(path: "special_tokens_map.json"))
      let tokenizer = try Tokenizer(folder: folder)
      #expect(tokenizer.eosToken == "</s>")
      #expect(tokenizer.padTokenID == 0)
    }
  }

  @Test("settings that are not ours survive saving")
  func unknownSettings() throws {
    let tokenizer = try tokenizer(#"{"padding_side": "left", "nested": {"a": [1, 2.5, null]}}"#)
    try Fixture.withFolder { folder in
      try tokenizer.save(to: folder)
      let data = try Data(contentsOf: folder.appending(path: "tokenizer_config.json"))
      let saved = try JSONDecoder().decode(Saved.self, from: data)
      #expect(saved == Saved(padding_side: "left", nested: ["a": [1, 2.5, nil]]))
    }
  }

  private struct Saved: Decodable, Equatable {
    var padding_side: String
    var nested: [String: [Double?]]
  }
}
