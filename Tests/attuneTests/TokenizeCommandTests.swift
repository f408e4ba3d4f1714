// SPDX-License-Identifier: Apache-2.0

import Feedback
import Testing

@testable import attune

@Suite("attune tokenize")
struct TokenizeCommandTests {
  let folder: TemporaryFolder
  let tokenizer: String

  init() throws {
    folder = try TemporaryFolder()
    tokenizer = try TinyTokenizer.write(in: folder)
  }

  private func run(_ rows: String, _ options: String...) throws -> CommandResult {
    let file = try folder.write(rows, "rows.jsonl")
    return try attune(["tokenize", file, "--tokenizer_name_or_path", tokenizer] + options)
  }

  @Test("ids are added and other columns pass through")
  func encode() throws {
    // `!` is 0, `a` is 64 (97 - 33).
    let result = try run(#"{"n": 1, "text": "!a", "m": [true]}"# + "\n")
    #expect(result.status == 0)
    #expect(result.output == #"{"n": 1, "text": "!a", "m": [true], "ids": [256, 0, 64]}"# + "\n")
  }

  @Test("special tokens can be left out")
  func withoutSpecialTokens() throws {
    let result = try run(#"{"text": "!a"}"# + "\n", "--add_special_tokens", "false")
    #expect(result.output == #"{"text": "!a", "ids": [0, 64]}"# + "\n")
  }

  @Test("offsets count Unicode scalars, and bytes of one scalar share its range")
  func offsets() throws {
    let result = try run(#"{"text": "éa"}"# + "\n", "--offsets")
    let row = try JSONValue(parsing: result.output)
    #expect(row["offsets"] == [[0, 0], [0, 1], [0, 1], [1, 2]])
  }

  @Test("conversations are laid out by the chat template, with what the row gives it")
  func conversations() throws {
    let template = try folder.write(
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{{ end }}"
        + "{% if add_generation_prompt %}<assistant>{% endif %}", "chat.jinja")
    let rows = """
      {"messages": [{"role": "user", "content": "a"}], "system": "b", "chat_template_kwargs": {"end": "!"}}

      """
    let plain = try run(rows, "--chat_template_path", template).rows[0]
    #expect(plain["text"] == "<system>b<user>a!")
    let prompted = try run(
      rows, "--chat_template_path", template, "--add_generation_prompt"
    ).rows[0]
    #expect(prompted["text"] == "<system>b<user>a!<assistant>")
    // The template has written all special tokens, so none is added.
    let bare = try run(
      "{\"text\": \"<system>b<user>a!\"}\n", "--add_special_tokens", "false"
    ).rows[0]
    #expect(plain["ids"] == bare["ids"])
    let refusing = try folder.write("{{ raise_exception('no') }}", "no.jinja")
    let refused = try run(rows, "--chat_template_path", refusing)
    #expect(refused.status == 3)
    #expect(refused.errors.contains("rows.jsonl:1: messages: chat template, line 1"))
    #expect(try run(rows, "--offsets").status == 3)
    #expect(try run("{\"messages\": []}\n").errors.contains("expected at least one message"))
  }

  @Test("decoding gives the text back, with special tokens if asked")
  func decode() throws {
    let rows = #"{"ids": [256, 64, 0], "k": "v"}"# + "\n"
    #expect(
      try run(rows, "--decode").output == #"{"ids": [256, 64, 0], "k": "v", "text": "a!"}"# + "\n")
    let full = try JSONValue(
      parsing: try run(rows, "--decode", "--skip_special_tokens=no").output)
    #expect(full["text"] == "<s>a!")
  }

  @Test(
    "a row without what is needed is named with its line",
    arguments: [
      (
        ["{\"text\": \"a\"}", "{\"txt\": \"a\"}"], [],
        ":2: text: missing, expected a string to encode; found: txt"
      ),
      ([#"{"text": 5}"#], [], ":1: text: expected a string to encode, found the number 5"),
      (
        [#"{"ids": [1, 9999]}"#], ["--decode"],
        ":1: ids: the number 9999 is no token id; ids are below 257"
      ),
      (
        [#"{"ids": [1, "b"]}"#], ["--decode"], ":1: ids: a string is no token id; ids are below 257"
      ),
      (
        [#"{"text": "a"}"#], ["--decode"],
        ":1: ids: missing, expected a list of token ids to "
          + "decode; found: text"
      ),
    ] as [([String], [String], String)])
  func broken(rows: [String], options: [String], message: String) throws {
    let file = try folder.write(rows.joined(separator: "\n") + "\n", "rows.jsonl")
    let result = try attune(
      ["tokenize", file, "--tokenizer_name_or_path", tokenizer] + options)
    #expect(result.status == 3)
    #expect(result.errors == "attune: \(file)\(message)\n")
  }

  @Test("a folder that holds no tokenizer ends with status 4")
  func noTokenizer() throws {
    let result = try attune("tokenize", "x.jsonl", "--tokenizer_name_or_path", "/nowhere")
    #expect(result.status == 4)
    #expect(result.errors.hasPrefix("attune: /nowhere: no tokenizer.json"))
  }
}
