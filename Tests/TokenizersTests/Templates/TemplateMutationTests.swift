// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizers

/// Random edits of real templates: each gives a text or a `TemplateError`, in time, and never a trap.
@Suite("Template mutations")
struct TemplateMutationTests {
  /// Numbers from a seed.
  struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }

    mutating func below(_ count: Int) -> Int { Int.random(in: 0..<max(1, count), using: &self) }
  }

  private static let pieces = [
    "{{", "}}", "{%", "%}", "{#", "#}", "-%}", "{%-", "{%+", "(", ")", "[", "]", "{", "}", "|", "~",
    "**", "//", "%", "'", "\"", "\\", ".", ",", ":", "=", "==", "<", " is ", " not ", " in ",
    " if ",
    " else ", " and ", " or ", "-1", "0", "1.5", "9223372036854775807", "none", "true", "loop",
    "messages", "message", "tools", "namespace()", "range(5)", "[::-1]", "[1:]", ".items()",
    "|tojson", "|tojson(indent=2)", "|list", "|map(attribute='role')", "|select('string')", "|join",
    "|sort", "|length", "|int", "|first", "|trim", "|string", "|safe", "|reverse",
    "|groupby('role')",
    "|batch(2)", "|round", "|format(1)", ".split()", ".format(1)", "%s", "{:>5}", "{0}",
    "{% endif %}", "{% endfor %}", "{% else %}", "{% set x = messages %}",
    "{% for m in messages %}",
    "{% macro m(a, b=1) %}", "{% endmacro %}", "{% call m(1) %}", "{% endcall %}", "{% break %}",
    "{% continue %}", "{% generation %}", "{% endgeneration %}", "{% raw %}", "{% endraw %}",
    "{% set ns.x = ns %}", "{% filter upper %}", "{% endfilter %}", "{{ m(1) }}", "{{ loop(m) }}",
    "{{ caller() }}", "recursive", "é", "\u{1F600}", "\u{0}", "\r\n", "\u{2028}",
  ]

  private static func mutate(
    _ text: String, _ others: [String], _ random: inout Random
  ) -> String {
    var scalars = Array(text.unicodeScalars)
    for _ in 0...random.below(4) {
      let place = random.below(scalars.count + 1)
      let end = min(scalars.count, place + random.below(random.below(4) == 0 ? 60 : 6))
      switch random.below(6) {
      case 0: scalars.removeSubrange(place..<end)
      case 1: scalars.insert(contentsOf: scalars[place..<end], at: place)
      case 2:
        let other = Array(others[random.below(others.count)].unicodeScalars)
        let start = random.below(other.count)
        scalars.insert(
          contentsOf: other[start..<min(other.count, start + random.below(40))], at: place)
      case 3 where place < scalars.count:
        scalars[place] = Unicode.Scalar(UInt8(32 + random.below(95)))
      default:
        scalars.insert(contentsOf: pieces[random.below(pieces.count)].unicodeScalars, at: place)
      }
    }
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  /// How long to go on, in seconds: a fixed number of edits unless `ATTUNE_MUTATION_SECONDS` says.
  private static let seconds = ProcessInfo.processInfo.environment["ATTUNE_MUTATION_SECONDS"]
    .flatMap(Double.init)

  /// Time that this thread has computed, whatever else the machine does.
  private static func processorTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  @Test("edited templates render or fail with a template error, in time")
  func mutations() throws {
    let families = try TemplateFixture.families.map { try TemplateFixture.text($0) }
    let small = try #require(try TemplateFixture.json("expressions")["templates"]?.items)
      .compactMap { $0["template"]?.text }
    let conversations = try TemplateFixture.json("conversations").members.map(\.value)
    let values = try #require(try TemplateFixture.json("expressions")["values"]).members
    let extra = Dictionary(uniqueKeysWithValues: values.map { ($0.name, $0.value) })
    var random = Random(
      state: ProcessInfo.processInfo.environment["ATTUNE_MUTATION_SEED"].flatMap(UInt64.init) ?? 20)
    let clock = ContinuousClock()
    let end = Self.seconds.map { clock.now.advanced(by: .seconds($0)) }
    var (rendered, failed, slowest) = (0, 0, Duration.zero)

    while end.map({ clock.now < $0 }) ?? (rendered + failed < 3000) {
      let isFamily = random.below(2) == 0
      let source =
        isFamily ? families[random.below(families.count)] : small[random.below(small.count)]
      let text = Self.mutate(source, isFamily ? families : small, &random)
      let started = Self.processorTime()
      do {
        var template = try TemplateFixture.template(text)
        template.limits.steps = 20_000
        template.limits.textBytes = 1 << 20
        template.limits.workBytes = 1 << 24
        if isFamily {
          _ = try TemplateFixture.render(
            template, conversations[random.below(conversations.count)])
        } else {
          _ = try template.render(messages: [["role": "user", "content": "Hi"]], extra: extra)
        }
        rendered += 1
      } catch is TemplateError {
        failed += 1
      } catch {
        Issue.record("\(text.debugDescription): \(error)")
      }
      let time = Self.processorTime() - started
      if time > slowest { slowest = time }
      #expect(time < .seconds(5), Comment(rawValue: text.debugDescription))
    }
    // Edits leave some templates whole and break others; otherwise nothing was tested.
    #expect(rendered > 300 && failed > 300)
    if Self.seconds != nil { print("\(rendered) rendered, \(failed) failed, slowest \(slowest)") }
  }
}
