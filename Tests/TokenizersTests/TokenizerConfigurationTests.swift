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

  @Test("saving keeps named chat templates, and setting the text replaces them all")
  func namedTemplates() throws {
    var tokenizer = try tokenizer(
      """
      {"chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]}
      """)
    #expect(tokenizer.chatTemplateText == "D")
    let template = "{{ \"quoted\" }} back\\slash\r\n\ttab \u{1}\u{7F} e\u{301} 🙂 \u{2028}"
    try Fixture.withFolder { folder in
      try tokenizer.save(to: folder)
      #expect(try Tokenizer(folder: folder).chatTemplate?.names == ["tool_use", "default"])
      tokenizer.chatTemplateText = template
      try tokenizer.save(to: folder)
      let loaded = try Tokenizer(folder: folder)
      let text = try #require(loaded.chatTemplateText)
      #expect(sameScalars(text, template))
      #expect(try loaded.chatTemplate?.names == ["default"])
    }
  }

  @Test("chat_template.jinja wins over the configuration and follows when saving")
  func templateFile() throws {
    try Fixture.withFolder { folder in
      try self.tokenizer(#"{"chat_template": "old"}"#).save(to: folder)
      let file = folder.appending(path: "chat_template.jinja")
      try Data("from file".utf8).write(to: file)
      var tokenizer = try Tokenizer(folder: folder)
      #expect(tokenizer.chatTemplateText == "from file")
      tokenizer.chatTemplateText = "changed"
      try tokenizer.save(to: folder)
      #expect(try String(contentsOf: file, encoding: .utf8) == "changed")
      tokenizer.chatTemplateText = nil
      try tokenizer.save(to: folder)
      #expect(!FileManager.default.fileExists(atPath: file.path))
      #expect(try Tokenizer(folder: folder).chatTemplate == nil)
    }
  }

  @Test("templates in additional_chat_templates are read, used with tools, and follow when saving")
  func additionalTemplates() throws {
    try Fixture.withFolder { folder in
      try self.tokenizer(#"{"chat_template": "old", "eos_token": "</s>"}"#).save(to: folder)
      let others = folder.appending(path: "additional_chat_templates")
      try FileManager.default.createDirectory(at: others, withIntermediateDirectories: true)
      try Data("main{{ eos_token }}".utf8).write(
        to: folder.appending(path: "chat_template.jinja"))
      try Data("with {{ tools | length }}".utf8).write(
        to: others.appending(path: "tool_use.jinja"))

      var tokenizer = try Tokenizer(folder: folder)
      let template = try #require(try tokenizer.chatTemplate)
      let messages: [ChatValue] = [["role": "user", "content": "Hi"]]
      #expect(try template.render(messages: messages).text == "main</s>")
      #expect(try template.render(messages: messages, tools: [[:]]).text == "with 1")
      #expect(try template.render(messages: messages, tools: []).text == "with 0")

      try tokenizer.save(to: folder)
      #expect(try Tokenizer(folder: folder).chatTemplate?.names == ["default", "tool_use"])
      tokenizer.chatTemplateText = "only"
      try tokenizer.save(to: folder)
      #expect(try Tokenizer(folder: folder).chatTemplate?.names == ["default"])
    }
  }

  @Test("named templates without a default are of use only where one of them fits")
  func noDefault() throws {
    let tokenizer = try tokenizer(
      #"{"chat_template": [{"name": "tool_use", "template": "T"}, {"name": "rag", "template": "{%"}]}"#
    )
    let template = try #require(try tokenizer.chatTemplate)
    let messages: [ChatValue] = [["role": "user", "content": "Hi"]]
    #expect(try template.render(messages: messages, tools: []).text == "T")
    #expect(throws: TemplateError.noDefault(names: ["rag", "tool_use"])) {
      try template.render(messages: messages)
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
