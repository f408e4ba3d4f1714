// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import TestSupport
import Testing
import Tokenizers

@testable import Training

@Suite("Chat templates and token rows")
struct ChatTemplateRowsTests {
  /// Letters are tokens; `$` in expectations is `</s>`, which is special, `_` a token without loss.
  private static let plain =
    "{% for m in messages %}{{ m.role[0] }}:{{ m.content }}{{ eos_token }}{% endfor %}"
    + "{% if add_generation_prompt %}a:{% endif %}"

  /// The same with the assistant's words marked, without the token that ends them.
  private static let marked =
    "{% for m in messages %}{{ m.role[0] }}:{% if m.role == 'assistant' %}{% generation %}"
    + "{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{{ eos_token }}"
    + "{% endfor %}{% if add_generation_prompt %}a:{% endif %}"

  /// Turns that are not the last are written in large letters: no beginning of a chat is one of the whole.
  private static let changing =
    "{% for m in messages %}{{ m.role[0] }}:"
    + "{{ m.content | upper if m.role == 'assistant' and not loop.last else m.content }}"
    + "{{ eos_token }}{% endfor %}{% if add_generation_prompt %}a:{% endif %}"

  private let chat = [
    Message(role: .user, "hi"), Message(role: .assistant, "yo"), Message(role: .user, "so"),
    Message(role: .assistant, "ok"),
  ]

  private func encoder(_ template: String, completionOnlyLoss: Bool = true) throws -> TextEncoder {
    var tokenizer = try Workshop().tokenizer()
    tokenizer.chatTemplateText = template
    return TextEncoder(tokenizer, maxLength: 64, completionOnlyLoss: completionOnlyLoss)
  }

  private func shown(_ row: TokenRow?, _ encoder: TextEncoder) throws -> String {
    let row = try #require(row)
    return zip(row.ids, row.isTarget).map { id, counts in
      guard counts else { return "_" }
      return id == TinyModel.endID ? "$" : encoder.tokenizer.decode([id])
    }.joined()
  }

  private func text(_ row: TokenRow?, _ encoder: TextEncoder) throws -> String {
    encoder.tokenizer.decode(try #require(row).ids, skipSpecialTokens: false)
  }

  @Test(
    "of a conversation every turn of the assistant counts with the token that ends it",
    arguments: [
      (plain, "u:hi</s>a:yo</s>u:so</s>a:ok</s>"), (marked, "u:hi</s>a:yo</s>u:so</s>a:ok</s>"),
      (changing, "u:hi</s>a:YO</s>u:so</s>a:ok</s>"),
    ])
  func turns(template: String, expected: String) throws {
    let encoder = try encoder(template)
    let row = try encoder.supervised(Record(.languageModelling(.messages(chat)))).row
    #expect(try text(row, encoder) == expected)
    let first = template == Self.changing ? "YO" : "yo"
    #expect(try shown(row, encoder) == "_______\(first)$_______ok$")
  }

  @Test("a turn of weight 0 does not count", arguments: [plain, marked])
  func weightZero(template: String) throws {
    var messages = chat
    messages[1].weight = 0
    let encoder = try encoder(template)
    let row = try encoder.supervised(Record(.languageModelling(.messages(messages)))).row
    #expect(try shown(row, encoder).filter { $0 != "_" } == "ok$")
  }

  @Test("a prompt is the beginning of the chat with its answer, and the answer counts with its end")
  func promptAndCompletion() throws {
    let encoder = try encoder(Self.plain)
    let prompt = RecordText.messages(Array(chat.dropLast()))
    let completion = RecordText.messages([chat[3]])
    let outcome = try encoder.supervised(
      Record(.promptCompletion(prompt: prompt, completion: completion)))
    #expect(try shown(outcome.row, encoder) == "_________________ok$")
    #expect(!outcome.mergesBorder)
    let ids = try encoder.prompt(prompt)
    #expect(outcome.row?.ids.prefix(ids.count) == ids[...])
    #expect(try encoder.text(ofPrompt: prompt) == "u:hi</s>a:yo</s>u:so</s>a:")

    let pair = try encoder.pair(
      PreferencePair(
        prompt: prompt, chosen: completion, rejected: .messages([Message(role: .assistant, "no")])))
    #expect(try shown(pair.row?.chosen, encoder) == "_________________ok$")
    #expect(try shown(pair.row?.rejected, encoder) == "_________________no$")
    #expect(try text(encoder.scored(prompt, completion).row, encoder).hasSuffix("a:ok</s>"))
  }

  @Test("a prompt that is no beginning of the chat is told")
  func prefixCheck() throws {
    let encoder = try encoder(
      "{% for m in messages %}{{ m.role[0] }}:{{ m.content }}{{ eos_token }}{% endfor %}"
        + "{% if add_generation_prompt %}a: {% endif %}")
    let outcome = try encoder.supervised(
      Record(.promptCompletion(prompt: .messages([chat[0]]), completion: .messages([chat[1]]))))
    #expect(outcome.mergesBorder)
    #expect(try shown(outcome.row, encoder) == "_______yo$")
  }

  @Test("the columns system, tools and chat_template_kwargs reach the template")
  func columns() throws {
    let encoder = try encoder(
      "{{ tools | map(attribute='n') | join if tools else 'none' }}.{{ style }}."
        + "{% for m in messages %}{{ m.role[0] }}:{{ m.content }}{{ eos_token }}{% endfor %}")
    let record = Record(
      .languageModelling(.messages(Array(chat.prefix(2)))), system: "be",
      tools: [["n": "f"], ["n": "g"]],
      chatTemplateArguments: ["style": "old"])
    #expect(
      try text(encoder.supervised(record).row, encoder) == "fg.old.s:be</s>u:hi</s>a:yo</s>")
    let bare = Record(.languageModelling(.messages(Array(chat.prefix(2)))))
    #expect(try text(encoder.supervised(bare).row, encoder) == "none..u:hi</s>a:yo</s>")
  }

  @Test("a system column also stands before a plainly written chat, but not before another one")
  func plainSystem() throws {
    let encoder = TextEncoder(try Workshop().tokenizer(), maxLength: 64)
    let record = Record(.languageModelling(.messages([chat[0], chat[1]])), system: "be")
    #expect(
      try text(encoder.supervised(record).row, encoder)
        == "System: be\n\nUser: hi\n\nAssistant: yo</s>")
    let own = Record(
      .languageModelling(.messages([Message(role: .system, "x"), chat[0], chat[1]])), system: "be")
    #expect(try text(encoder.supervised(own).row, encoder).hasPrefix("System: x\n\nUser"))
  }

  @Test("generation ends at the token that ends the assistant's turn")
  func turnEnd() throws {
    #expect(try encoder(Self.plain).turnEndTokenID == TinyModel.endID)
    #expect(try encoder("{{ messages[-1].content }}").turnEndTokenID == nil)
    #expect(TextEncoder(try Workshop().tokenizer(), maxLength: 64).turnEndTokenID == nil)
  }

  @Test("a conversation that the template refuses ends the run with the row's place")
  func refused() throws {
    let encoder = try encoder(
      "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        + Self.plain)
    var lines: [String] = []
    let preparation = DataPreparation(encoder: encoder, method: "sft", log: { lines.append($0) })
    let good = Record(.languageModelling(.messages(chat)))
    var bad = Record(.languageModelling(.messages([Message(role: .system, "x")] + chat)))
    bad.provenance = Provenance(file: "chats.jsonl", line: 3)
    #expect {
      _ = try preparation.supervised([good, bad])
    } throws: { error in
      let text = String(describing: error)
      return text.contains("chats.jsonl:3") && text.contains("no system")
        && text.contains("line 1")
    }
    #expect(lines == ["conversations: laid out by the tokenizer's own chat template"])
  }

  @Test("a broken template is told when a conversation comes, and only then")
  func broken() throws {
    let encoder = try encoder("{% if %}")
    let text = Record(.promptCompletion(prompt: .plain("ab"), completion: .plain(" cd")))
    #expect(try encoder.supervised(text).row != nil)
    #expect(throws: TemplateError.self) {
      try encoder.supervised(Record(.languageModelling(.messages(chat))))
    }
  }

  @Test("a job takes another chat template, says which layout it uses, and saves it with the model")
  func job() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 2)
    settings.chatTemplate = Self.plain
    var lines: [String] = []
    settings.console = Console(sink: { lines.append($0) })
    settings.shownExampleCount = 1
    settings.announces = true
    let records = (0..<8).map { _ in Record(.languageModelling(.messages(chat))) }
    try SFTJob(settings: settings, modelFolder: workshop.base).run(on: records)
    #expect(
      lines.contains { $0.contains("laid out by the tokenizer's own chat template") })
    #expect(lines.contains { $0.contains("⟨u:hi</s>a:⟩yo</s>⟨u:so</s>a:⟩ok</s>") })
    let saved = try Tokenizer(folder: workshop.folder["run"])
    #expect(saved.chatTemplateText == Self.plain)
  }
}
