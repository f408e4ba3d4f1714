// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Feedback

@Suite("Advice about data")
struct DataAdviceTests {
  private static let methods = [
    LearningMethod("pretrain", accepting: [.languageModelling]),
    LearningMethod("sft", accepting: [.promptCompletion, .languageModelling, .preference]),
    LearningMethod("pairs", accepting: [.preference]),
    LearningMethod("offset", accepting: [.preference], columns: ["margin"]),
    LearningMethod("thumbs", accepting: [.unpairedPreference]),
    LearningMethod("lists", accepting: [.ranking]),
    LearningMethod("sampling", accepting: [.promptOnly]),
  ]

  private func advice(_ lines: [String], _ columns: ColumnMapping = ColumnMapping()) throws
    -> DataAdvice
  {
    let folder = try TemporaryFolder()
    return try withExtendedLifetime(folder) {
      try DataAdvice(
        folder.write(lines.joined(separator: "\n"), to: "rows.jsonl"), columns: columns,
        methods: Self.methods)
    }
  }

  @Test(
    "every form of row feeds what can learn from it",
    arguments: [
      (#"{"text": "a b"}"#, ["pretrain", "sft"]),
      (
        #"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#,
        ["pretrain", "sft", "sampling"]
      ),
      (#"{"prompt": "a"}"#, ["sampling"]),
      (#"{"prompt": "a", "completion": "b"}"#, ["sft", "sampling"]),
      (
        #"{"prompt": "a", "chosen": "b", "rejected": "c"}"#,
        ["sft", "pairs", "thumbs", "lists", "sampling"]
      ),
      (
        #"{"prompt": "a", "chosen": "b", "rejected": "c", "margin": 1}"#,
        ["sft", "pairs", "offset", "thumbs", "lists", "sampling"]
      ),
      (#"{"prompt": "a", "completion": "b", "label": true}"#, ["sft", "thumbs", "sampling"]),
      (#"{"prompt": "a", "completions": ["b", "c"], "labels": [true, false]}"#, ["sampling"]),
      (
        #"{"prompt": "a", "completions": ["b", "c"], "ranks": [2, 1]}"#,
        ["sft", "pairs", "lists", "sampling"]
      ),
      (
        #"{"prompt": "a", "completions": ["b", "c"], "scores": [0.2, 1]}"#,
        ["sft", "pairs", "lists", "sampling"]
      ),
      (#"{"prompt": "a", "completion": "b", "score": 0.7}"#, ["sft", "sampling"]),
      (#"{"prompt": "a", "completion": "b", "scores": {"good": 3}}"#, ["sft", "sampling"]),
      (
        #"{"prompt": "a", "chosen": "b", "rejected": "c", "safer": "rejected"}"#,
        ["sft", "pairs", "thumbs", "lists", "sampling"]
      ),
      (
        #"{"prompt": "a", "completions": ["b", "c"], "preference": 0.9}"#,
        ["sft", "pairs", "thumbs", "lists", "sampling"]
      ),
      (#"{"instruction": "a", "output": "b"}"#, ["sft", "sampling"]),
    ])
  func forms(row: String, expected: [String]) throws {
    let found = try advice([row, row])
    #expect(found.uses.map(\.method.name) == expected)
    #expect(found.rowCount == 2 && found.uses.allSatisfy { $0.rowCount == 2 })
    #expect(found.broken.isEmpty && found.uses.allSatisfy(\.failures.isEmpty))
  }

  @Test("says what rows are read as, and how many records they become")
  func conversions() throws {
    let found = try advice(
      [#"{"prompt": "a", "completions": ["b", "c", "d"], "ranks": [1, 2, 3]}"#])
    let pairs = try #require(found.uses.first { $0.method.name == "pairs" })
    #expect(pairs.conversion == "ranking -> preference" && pairs.recordCount == 3)
    let lists = try #require(found.uses.first { $0.method.name == "lists" })
    #expect(lists.conversion == "ranking" && lists.recordCount == 1)
  }

  @Test("counts rows that fail by what is wrong, with the first place")
  func failures() throws {
    let good = #"{"prompt": "a", "completions": ["b", "c"], "ranks": [1, 2]}"#
    let found = try advice([
      good, good, good, good,
      #"{"prompt": "a", "completions": ["b", "c"]}"#,
      #"{"prompt": "a", "completions": ["b"], "ranks": [1]}"#,
      #"{"prompt": "a", "completions": ["b", "c"], "ranks": [1, 1]}"#,
      #"{"prompt": "a", "completions": ["b", "c"], "ranks": [1, 1]}"#,
    ])
    #expect(found.rowCount == 8)
    let pairs = try #require(found.uses.first { $0.method.name == "pairs" })
    #expect(pairs.rowCount == 4)
    #expect(pairs.failures.map(\.count) == [1, 1, 2])
    #expect(pairs.failures[0].problem.contains("no column 'ranks'"))
    #expect(pairs.failures[1].problem == "completions: expected at least 2, found 1")
    #expect(pairs.failures[2].problem == "ranks: all equal, which makes no pair")
    #expect(pairs.failures[2].first?.line == 7)
    #expect(pairs.failures[2].description.hasSuffix("(and 1 like it)"))
    let lists = try #require(found.uses.first { $0.method.name == "lists" })
    #expect(lists.rowCount == 6)
  }

  @Test("rows without a further column are counted for the losses that need it")
  func columns() throws {
    let found = try advice([
      #"{"prompt": "a", "chosen": "b", "rejected": "c", "margin": 1}"#,
      #"{"prompt": "a", "chosen": "b", "rejected": "c"}"#,
      #"{"prompt": "a", "chosen": "b", "rejected": ""}"#,
    ])
    let offset = try #require(found.uses.first { $0.method.name == "offset" })
    #expect(offset.rowCount == 1)
    #expect(
      offset.failures.map(\.problem) == ["an empty completion", "column 'margin' is missing"])
  }

  @Test("ties and skipped comparisons are of no use where pairs are wanted")
  func ties() throws {
    let row = { (p: String) in #"{"prompt": "a", "completions": ["b", "c"], "preference": \#(p)}"# }
    let found = try advice([row("1"), row("0.5"), row("null"), row("0")])
    let pairs = try #require(found.uses.first { $0.method.name == "pairs" })
    #expect(pairs.rowCount == 2)
    #expect(
      pairs.failures.map(\.problem) == ["preference: a tie", "preference: a skipped comparison"])
  }

  @Test("names the columns that would open more, the fewest first")
  func openings() throws {
    let found = try advice([#"{"prompt": "a", "completion": "b"}"#])
    #expect(
      found.openings.map { "\($0.columns) \($0.methods)" } == [
        #"["label"] ["thumbs"]"#, #"["chosen", "rejected"] ["pairs"]"#,
        #"["completions", "ranks"] ["lists"]"#, #"["chosen", "rejected", "margin"] ["offset"]"#,
      ])
    let pairs = try advice([#"{"prompt": "a", "chosen": "b", "rejected": "c"}"#])
    #expect(pairs.openings.contains { $0.columns == ["margin"] && $0.methods == ["offset"] })
  }

  @Test("columns under other names are told with the option that names them")
  func renaming() throws {
    let row = #"{"question": "a", "best": "b", "worst": "c"}"#
    let found = try advice([row])
    #expect(found.uses.isEmpty)
    let opening = try #require(found.openings.first { $0.methods.contains("pairs") })
    #expect(opening.renaming == "--columns prompt=question,chosen=best,rejected=worst")
    #expect(opening.columns.isEmpty)
    let named = try advice(
      [row], ["prompt": "question", "chosen": "best", "rejected": "worst"])
    #expect(named.uses.map(\.method.name).contains("pairs"))
  }

  @Test("broken lines are counted and do not hide the rest")
  func broken() throws {
    let good = #"{"prompt": "a", "chosen": "b", "rejected": "c"}"#
    let found = try advice([String](repeating: good, count: 120) + ["{broken", good])
    #expect(found.rowCount == 122)
    #expect(found.broken.map(\.count) == [1] && found.broken[0].first?.line == 121)
    #expect(found.uses.first { $0.method.name == "pairs" }?.rowCount == 121)
    let all = try advice(["{broken"])
    #expect(all.uses.isEmpty && all.broken.count == 1)
  }

  @Test("a file that is missing or empty is an error")
  func nothing() throws {
    #expect(throws: FeedbackError.self) { try DataAdvice("nowhere.jsonl", methods: Self.methods) }
    #expect(throws: FeedbackError.self) { try advice([]) }
  }
}
