// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing
import Tokenizers

@Suite("Template limits")
struct TemplateLimitTests {
  private static func render(_ template: String, steps: Int = 100_000) throws -> String {
    var template = try ChatTemplate(template)
    template.limits.steps = steps
    return try template.render(messages: [["role": "user", "content": "Hi"]]).text
  }

  /// Whether an error is one of a limit.
  private static func isLimit(_ error: any Error) -> Bool {
    if case TemplateError.limit = error { true } else { false }
  }

  @Test(
    "what would run for ever or fill the memory ends with an error of its own",
    arguments: [
      "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}",
      "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
      "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
      "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
      "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
      "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
      "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x | tojson }}",
      "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}",
      "{% set n = namespace(x=(1,)) %}{% for i in range(99) %}{% set n.x = (n.x, n.x) %}{% endfor %}{{ {n.x: 1} }}",
      "{% set n = namespace(x=1) %}{% for i in range(9999) %}{% set n.x = [n.x] %}{% endfor %}",
      "{% set n = namespace(x=1) %}{% for i in range(9999) %}{% set n.x = {'a': n.x} %}{% endfor %}",
      "{% set n = namespace(x=[1]) %}{% for i in range(9999) %}{% set n.x = n.x | map('string') %}{% endfor %}",
      "{% set n = namespace(x=1) %}{% for i in range(9999) %}{% set n.x = cycler(n.x).next %}{% endfor %}",
      "{% set n = namespace() %}{% set n.x = n %}{{ n }}",
      "{% set n = namespace() %}{% set n.x = [n] %}{{ n.x }}",
      "{{ 'a' * 10 ** 12 }}", "{{ [0] * 10 ** 12 }}", "{{ 'ab' * 9223372036854775807 }}",
      "{{ '%999999999d' % 1 }}", "{{ '%.999999999f' % 1 }}", "{{ '%*d' % (999999999, 1) }}",
      "{{ '{:>999999999}'.format('a') }}", "{{ '{:0999999999,}'.format(1) }}",
      "{{ 'a' | center(10 ** 12) }}", "{{ 'a'.ljust(10 ** 12) }}", "{{ 'a'.zfill(10 ** 12) }}",
      "{{ 'a' | indent(10 ** 12) }}", "{{ [1] | tojson(indent=10 ** 12) }}",
      "{{ '\\t'.expandtabs(10 ** 12) }}", "{{ [1] | batch(10 ** 12, 0) | list }}",
      "{{ [1] | slice(10 ** 12) | list }}", "{{ range(10 ** 12) }}", "{{ 9 ** 99 }}",
      "{{ 9223372036854775807 + 1 }}", "{{ 1e300 | int }}", "{{ ('9' * 30) | int }}",
      "{{ ('a' * 10 ** 6).replace('a', 'b' * 10 ** 6) }}",
      "{{ ('b' * 10 ** 6).join('a' * 10 ** 5) }}",
      "{% for i in range(99999) %}{{ 'a' * 10 ** 5 }}{% endfor %}",
    ])
  func runaway(template: String) {
    let clock = ContinuousClock()
    let time = clock.measure {
      #expect { try Self.render(template) } throws: { error in
        guard case TemplateError.limit = error else {
          Issue.record("\(template): \(error)")
          return true
        }
        return true
      }
    }
    #expect(time < .seconds(20), Comment(rawValue: template))
  }

  @Test("a template nested ten thousand deep is refused, whatever nests, on a stack of 1 MiB")
  func nesting() throws {
    func nested(_ open: String, _ inner: String, _ close: String) -> String {
      String(repeating: open, count: 10_000) + inner + String(repeating: close, count: 10_000)
    }
    let templates = [
      "{{ \(nested("(", "1", ")")) }}", "{{ \(nested("[", "1", "]")) }}",
      "{{ \(nested("{1:", "1", "}")) }}", "{{ \(nested("not ", "1", "")) }}",
      "{{ \(nested("-", "1", "")) }}", "{{ \(nested("a(", "1", ")")) }}",
      "{{ \(nested("", "a", ".a")) }}", "{{ \(nested("", "a", "[0]")) }}",
      "{{ \(nested("", "a", "|upper")) }}", "{{ \(nested("", "a", " is string")) }}",
      "{{ \(nested("", "a", "()")) }}", "{{ \(nested("1 if 1 else ", "1", "")) }}",
      "{{ \(nested("", "a", " if 1")) }}", "{{ \(nested("1 + (", "1", ")")) }}",
      "{{ \(nested("a[", "1", "]")) }}",
      nested("{% if 1 %}", "x", "{% endif %}"),
      nested("{% for i in [1] %}", "x", "{% endfor %}"),
      nested("{% macro m() %}", "x", "{% endmacro %}"),
      nested("{% generation %}", "x", "{% endgeneration %}"),
      nested("{% set x %}", "x", "{% endset %}"),
      "{% for \(nested("(", "a", ")")) in b %}{% endfor %}",
      // Values made deep by what nests little.
      "{% macro m(n) %}{{ m([[[[[[[[[[[[n]]]]]]]]]]]]) }}{% endmacro %}{{ m(1) }}",
      "{% macro m(n) %}\(String(repeating: "{% if 1 %}", count: 50)){{ ((((((((m(1))))))) ~ '')) }}"
        + "\(String(repeating: "{% endif %}", count: 50)){% endmacro %}{{ m(1) }}",
    ]
    let failures = Mutex<[String]>([])
    let thread = Thread {
      for template in templates {
        do {
          _ = try Self.render(template)
          failures.withLock { $0.append("\(template.prefix(40)) was rendered") }
        } catch {
          let isExpected =
            if case TemplateError.syntax = error { template.contains(" is string is") } else {
              Self.isLimit(error)
            }
          if !isExpected { failures.withLock { $0.append("\(template.prefix(40)): \(error)") } }
        }
      }
    }
    thread.stackSize = 1 << 20
    thread.start()
    while !thread.isFinished { usleep(1000) }
    #expect(failures.withLock { $0 } == [])
  }

  @Test("chains that do not nest may be long")
  func chains() throws {
    let sum = Array(repeating: "1", count: 10_000).joined(separator: " + ")
    #expect(try Self.render("{{ \(sum) }}") == "10000")
    let text = Array(repeating: "'a'", count: 10_000).joined(separator: " ~ ")
    #expect(try Self.render("{{ (\(text)) | length }}") == "10000")
    let tests = Array(repeating: "{% elif 0 %}", count: 10_000).joined()
    #expect(try Self.render("{% if 0 %}\(tests){% else %}x{% endif %}") == "x")
  }

  @Test("values that hold each other are freed without a deep recursion")
  func freeing() throws {
    let chains = [
      "{% set n = namespace(p=0) %}{% for i in range(20000) %}{% set n.p = namespace(p=n.p) %}{% endfor %}",
      "{% set n = namespace(p=0) %}{% for i in range(20000) %}{% set x = n.p %}{% for j in [1] %}{% set n.p = loop %}{% endfor %}{% endfor %}",
      "{% set n = namespace(p=0) %}{% for i in range(20000) %}{% set x = n.p %}{% macro m() %}{{ x }}{% endmacro %}{% set n.p = m %}{% endfor %}",
      "{% macro m() %}{% set n.c = caller %}{% endmacro %}{% set n = namespace(c=0) %}{% for i in range(20000) %}{% set x = n.c %}{% call m() %}{% endcall %}{% endfor %}",
    ]
    for chain in chains {
      #expect(try Self.render(chain + "x", steps: 2_000_000) == "x")
    }
  }

  @Test("limits can be set")
  func settings() throws {
    var template = try ChatTemplate("{% for i in range(1000) %}ab{% endfor %}")
    let messages: [ChatValue] = [["role": "user"]]
    #expect(try template.render(messages: messages).text.utf8.count == 2000)
    template.limits.textBytes = 1999
    #expect(throws: TemplateError.self) { try template.render(messages: messages) }
    template.limits.textBytes = 2000
    #expect(try template.render(messages: messages).text.utf8.count == 2000)
    template.limits.steps = 1000
    #expect(throws: TemplateError.self) { try template.render(messages: messages) }
  }
}
