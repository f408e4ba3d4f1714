// SPDX-License-Identifier: Apache-2.0

import Testing
import Tokenizers

@Suite("ChatTemplate")
struct ChatTemplateTests {
  @Test(
    "renders conversations as transformers does, and fails where it fails",
    arguments: TemplateFixture.families)
  func families(name: String) throws {
    let template = try TemplateFixture.template(TemplateFixture.text(name))
    let expected = try #require(try TemplateFixture.json("rendered")[name])
    let cases = try TemplateFixture.json("conversations").members
    #expect(cases.count >= 18)
    for conversation in cases {
      let shown = Comment(rawValue: "\(name), \(conversation.name)")
      let wanted = try #require(expected[conversation.name], shown)
      guard let text = wanted["text"]?.text else {
        #expect(throws: TemplateError.self, shown) {
          try TemplateFixture.render(template, conversation.value)
        }
        continue
      }
      let rendering = try TemplateFixture.render(template, conversation.value)
      #expect(sameScalars(rendering.text, text), shown)
      #expect(rendering.assistantSpans == wanted.spans, shown)
    }
  }

  @Test("small templates give what Jinja gives, and fail where it fails")
  func expressions() throws {
    let book = try TemplateFixture.json("expressions")
    let templates = try #require(book["templates"]?.items)
    #expect(templates.count >= 450)
    let values = try #require(book["values"]).members.map { ($0.name, $0.value) }
    let extra = Dictionary(uniqueKeysWithValues: values)
    for row in templates {
      let source = try #require(row["template"]?.text)
      let result = Result {
        try TemplateFixture.template(source).render(
          messages: [["role": "user", "content": "Hi"]], extra: extra
        ).text
      }
      let shown = Comment(rawValue: "\(source.debugDescription) gave \(result)")
      switch result {
      case .success(let text):
        let wanted = row["text"]?.text ?? "an error"
        #expect(sameScalars(text, wanted), shown)
      case .failure(let error):
        #expect(row["error"] != nil && error is TemplateError, shown)
      }
    }
  }
}

extension ChatValue {
  /// The spans of a row of rendered.json.
  fileprivate var spans: [Range<Int>] {
    (self["spans"]?.items ?? []).compactMap { span in
      guard case .array(let pair) = span, case .integer(let start)? = pair.first,
        case .integer(let end)? = pair.last
      else { return nil }
      return start..<end
    }
  }
}
