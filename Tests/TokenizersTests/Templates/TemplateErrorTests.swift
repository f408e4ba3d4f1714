// SPDX-License-Identifier: Apache-2.0

import Testing
import Tokenizers

@Suite("Template errors")
struct TemplateErrorTests {
  private static let messages: [ChatValue] = [["role": "user", "content": "Hi"]]

  private func message(_ template: String) -> String {
    do {
      return try ChatTemplate(template).render(messages: Self.messages).text
    } catch {
      return String(describing: error)
    }
  }

  @Test(
    "an error names line, expression and reason",
    arguments: [
      (
        "{% for m in messages %}\n{{ m.content.text.x }}\n{% endfor %}",
        "chat template, line 2, at `m.content.text.x`: str has no attribute 'text'"
      ),
      (
        "{{ messages[0].role + 1 }}",
        "chat template, line 1, at `messages[0].role + 1`: '+' does not work with str and int; "
          + "'~' joins values of any type as text"
      ),
      ("{{ x.y }}", "chat template, line 1, at `x.y`: 'x' is undefined"),
      (
        "a\r\nb\n{% set x, y = [1] %}",
        "chat template, line 3, at `{% set x, y = [1]`: fewer values than the 2 names to take them"
      ),
      (
        "{% if true %}\nx",
        "chat template, line 2, at `x`: the template ends where 'elif' or 'else' or 'endif' is missing"
      ),
      ("\n{% fro x %}", "chat template, line 2, at `fro`: unknown tag 'fro'"),
      ("{{ a | nope }}", "chat template, line 1, at `a | nope`: there is no filter called 'nope'"),
      (
        "{{ 'x' | urlize }}",
        "chat template, line 1, at `'x' | urlize`: the filter 'urlize' is not supported"
      ),
      ("{{ [1, }}", "chat template, line 1, at `}`: expected ']', found '}'"),
      (
        "{% include 'x' %}",
        "chat template, line 1, at `include`: 'include' is not supported: a chat template stands alone"
      ),
      (
        "{{ range(10 ** 9) }}",
        "chat template, line 1, at `range(10 ** 9)`: stopped: a range of more than 100000 numbers"
      ),
    ])
  func messages(template: String, expected: String) {
    let message = message(template)
    #expect(message == expected)
  }

  @Test("what a template raises is passed on with its place")
  func raised() {
    let template =
      "{% if messages[0].role == 'user' %}\n{{ raise_exception('No ' ~ 'users') }}{% endif %}"
    #expect {
      try ChatTemplate(template).render(messages: Self.messages)
    } throws: { error in
      guard case TemplateError.raised(let place, let message) = error else { return false }
      return place.line == 2 && place.expression == "raise_exception('No ' ~ 'users')"
        && message == "No users"
        && "\(error)".hasSuffix("the template refuses this conversation: No users")
    }
  }

  @Test("a message that is no object, and a conversation without messages, are refused")
  func wrongInput() throws {
    let template = try ChatTemplate("x")
    #expect(throws: TemplateError.emptyConversation) { try template.render(messages: []) }
    #expect(throws: TemplateError.notAnObject(argument: "messages", index: 1, found: "a string")) {
      try template.render(messages: [[:], "Hi"])
    }
    #expect(throws: TemplateError.notAnObject(argument: "documents", index: 0, found: "null")) {
      try template.render(messages: [[:]], documents: [nil])
    }
  }

  @Test("a long expression is cut in the message")
  func cut() {
    let long =
      "{{ " + Array(repeating: "'abcdefgh'", count: 20).joined(separator: " ~ ") + " + 1 }}"
    let text = message(long)
    #expect(text.contains("…`: '+' does not work with str and int"))
    #expect(text.utf8.count < 220)
  }
}
