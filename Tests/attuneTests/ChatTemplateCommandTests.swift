// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Testing
import Tokenizers

@testable import attune

@Suite("Commands and chat templates")
struct ChatTemplateCommandTests {
  let folder: TemporaryFolder
  let model: String

  private static let template =
    "{% if tools %}[{{ tools[0].name }}]{% endif %}{{ style | default('') }}"
    + "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    + "{% if add_generation_prompt %}<assistant>{% endif %}"

  init() throws {
    folder = try TemporaryFolder()
    model = try TinyPolicy.write(in: folder)
  }

  private func generate(_ arguments: String...) throws -> CommandResult {
    try attune(
      ["generate", "--model_name_or_path", model, "--max_new_tokens", "5", "--temperature", "0"]
        + arguments)
  }

  @Test(
    "generate lays messages out by the template named, with the row's tools, system and arguments")
  func generate() throws {
    let template = try folder.write(Self.template, "chat.jinja")
    let row = """
      {"prompt": [{"role": "user", "content": "Hi"}], "system": "Be brief", "tools": [{"name": "f"}], \
      "chat_template_kwargs": {"style": "!"}}

      """
    let rows = try folder.write(row, "rows.jsonl")
    let found = try generate("--dataset_path", rows, "--chat_template_path", template)
    #expect(found.status == 0)
    let written = try generate(
      "--json", "--prompt", "[f]!<system>Be brief<user>Hi<assistant>")
    #expect(try found.rows.map { $0["ids"] } == written.rows.map { $0["ids"] })
  }

  @Test("a template saved with the model is used, and one that is named takes its place")
  func saved() throws {
    let url = URL(filePath: model)
    var tokenizer = try Tokenizer(folder: url)
    tokenizer.chatTemplateText = "A{{ messages[0].content }}B"
    try tokenizer.save(to: url)
    let rows = try folder.write(
      "{\"prompt\": [{\"role\": \"user\", \"content\": \"Hi\"}]}\n", "rows.jsonl")
    let own = try generate("--dataset_path", rows)
    #expect(
      try own.rows.map { $0["ids"] }
        == generate("--json", "--prompt", "AHiB").rows.map { $0["ids"] })
    let other = try folder.write("C{{ messages[0].content }}", "other.jinja")
    let named = try generate("--dataset_path", rows, "--chat_template_path", other)
    #expect(
      try named.rows.map { $0["ids"] }
        == generate("--json", "--prompt", "CHi").rows.map { $0["ids"] })
  }

  @Test("score lays conversations out by the template too")
  func score() throws {
    let template = try folder.write(Self.template, "chat.jinja")
    let chat = try folder.write(
      """
      {"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Yo"}]}

      """, "chat.jsonl")
    let text = try folder.write(
      "{\"prompt\": \"<user>Hi<assistant>\", \"completion\": \"Yo\"}\n", "text.jsonl")
    let options = ["--model_name_or_path", model, "--add_eos", "false"]
    let first = try attune(["score", chat, "--chat_template_path", template] + options)
    let second = try attune(["score", text] + options)
    #expect(first.status == 0 && second.status == 0)
    #expect(try first.rows.map { $0["log_probs"] } == second.rows.map { $0["log_probs"] })
  }

  @Test("a template that is missing, broken or refuses the row is told with its place")
  func errors() throws {
    let missing = try generate("--prompt", "x", "--chat_template_path", folder.path("none.jinja"))
    #expect(missing.status == 2)
    #expect(missing.errors.contains("--chat_template_path"))

    let broken = try folder.write("a\n{% if %}", "broken.jinja")
    let result = try generate("--prompt", "x", "--chat_template_path", broken)
    #expect(result.status == 2)
    #expect(result.errors.contains("line 2"))

    let strict = try folder.write("{{ raise_exception('users only') }}", "strict.jinja")
    let rows = try folder.write(
      "{\"prompt\": [{\"role\": \"user\", \"content\": \"Hi\"}]}\n", "rows.jsonl")
    let refused = try generate("--dataset_path", rows, "--chat_template_path", strict)
    #expect(refused.status == 3)
    #expect(refused.errors.contains("users only") && refused.errors.contains("rows.jsonl:1"))
  }
}
