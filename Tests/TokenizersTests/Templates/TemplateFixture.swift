// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizers

/// What Fixtures/templates/make_templates.py made with transformers.
enum TemplateFixture {
  static let specialTokens = [
    "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>",
  ]

  static let families = [
    "chatml", "command_r", "deepseek_r1", "gemma2", "gemma3", "llama2", "llama3_1", "llama3_2",
    "mistral", "neox_generation", "phi3", "qwen2_5", "qwen3", "zephyr",
  ]

  static func text(_ name: String) throws -> String {
    String(decoding: try Fixture.data("templates/\(name).jinja"), as: UTF8.self)
  }

  static func json(_ name: String) throws -> ChatValue {
    try ChatValue(json: Fixture.data("templates/\(name).json"), file: name)
  }

  /// A template whose clock stands where the script's stood: 14:05:07.123456 on 9 March 2025.
  static func template(_ text: String) throws -> ChatTemplate {
    var template = try ChatTemplate(text, specialTokens: specialTokens)
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .current
    let components = DateComponents(
      year: 2025, month: 3, day: 9, hour: 14, minute: 5, second: 7, nanosecond: 123_456_000)
    let date = try #require(calendar.date(from: components))
    template.now = { date }
    return template
  }

  /// Renders a case of conversations.json.
  static func render(_ template: ChatTemplate, _ conversation: ChatValue) throws
    -> ChatTemplate.Rendering
  {
    let extra = (conversation["extra"]?.members ?? []).map { ($0.name, $0.value) }
    return try template.render(
      messages: conversation["messages"]?.items ?? [], tools: conversation["tools"]?.items,
      documents: conversation["documents"]?.items,
      addGenerationPrompt: conversation["add_generation_prompt"] == true,
      extra: Dictionary(uniqueKeysWithValues: extra))
  }
}

extension ChatValue {
  var members: [Member] {
    if case .object(let members) = self { members } else { [] }
  }

  var items: [ChatValue]? {
    if case .array(let items) = self { items } else { nil }
  }

  var text: String? {
    if case .string(let text) = self { text } else { nil }
  }
}
