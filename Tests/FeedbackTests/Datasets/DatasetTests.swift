// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Feedback

@Suite("Datasets")
struct DatasetTests {
  private func pairs(_ range: Range<Int>, prefix: String = "p") -> String {
    range.map {
      "{\"prompt\": \"\(prefix)\($0)\", \"chosen\": \"good \($0)\", \"rejected\": \"bad\", \"source\": \"x\"}"
    }.joined(separator: "\n")
  }

  @Test("the summary is one line with type, form, size and columns")
  func summary() throws {
    let folder = try TemporaryFolder()
    let rows = """
      {"prompt": [{"role": "user", "content": "q"}], "chosen": [{"role": "assistant", "content": "a"}], "rejected": [{"role": "assistant", "content": "b"}], "source": "x"}
      """
    let file = try folder.write(
      Array(repeating: rows, count: 12_000).joined(separator: "\n"), to: "pairs.jsonl.gz")
    let data = try Dataset.load([DatasetSource(file)], accepting: [.preference], method: "dpo")
    #expect(
      data.summary
        == "dataset: preference, conversational, 12 000 rows, columns used: prompt, chosen, rejected; "
        + "ignored: source")
    #expect(data.report.count(of: .duplicate) == 11_999)
    #expect(
      data.report.lines.map { $0.replacingOccurrences(of: folder.path + "/", with: "") }
        == ["duplicated rows: 11 999 (kept, first at pairs.jsonl.gz:2)"])
  }

  @Test("empty, identical and duplicated rows are counted, and dropped or kept as asked")
  func checks() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      """
      {"prompt": "p", "chosen": "a", "rejected": "b"}
      {"prompt": "p", "chosen": " \\n", "rejected": "b"}
      {"prompt": "p", "chosen": "same", "rejected": "same"}
      {"prompt": "p", "chosen": "a", "rejected": "b", "id": 2}
      {"prompt": "p", "chosen": "a", "rejected": "b", "annotator": "other"}
      """, to: "pairs.jsonl")
    let source = DatasetSource(file)
    let standard = try Dataset.load([source], accepting: [.preference], method: "dpo")
    #expect(standard.records.compactMap(\.provenance?.line) == [1, 4, 5])
    #expect(standard.report.rowCount == 5)
    #expect(standard.report.recordCount == 3)
    #expect(
      standard.report.lines.map { $0.replacingOccurrences(of: folder.path + "/", with: "") } == [
        "empty completions: 1 (dropped, first at pairs.jsonl:2)",
        "identical chosen and rejected: 1 (dropped, first at pairs.jsonl:3)",
        "duplicated rows: 1 (kept, first at pairs.jsonl:4)",
      ])
    let all = DatasetOptions(emptyCompletions: .keep, identicalPairs: .keep, duplicates: .drop)
    let other = try Dataset.load([source], accepting: [.preference], method: "dpo", options: all)
    #expect(other.records.compactMap(\.provenance?.line) == [1, 2, 3, 5])
    #expect(other.report.count(of: .emptyCompletion) == 1)
  }

  @Test("when nothing is left, the error says why")
  func nothingLeft() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(#"{"prompt": "p", "completion": ""}"#, to: "rows.jsonl")
    #expect(
      message(in: folder) {
        try Dataset.load([DatasetSource(file)], accepting: [.promptCompletion], method: "sft")
      }.hasPrefix(
        "rows.jsonl: none of 1 rows is left (empty completions: 1 (dropped, first at rows.jsonl:1))"
      ))
  }

  @Test("comparisons become pairs by their preference; ties and skips are counted")
  func comparisons() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      ["1", "0.2", "0.5", "null", "0"].map {
        "{\"prompt\": \"p\", \"completions\": [\"x\", \"y\"], \"preference\": \($0), \"shown_first\": 1}"
      }.joined(separator: "\n"), to: "rows.jsonl")
    let source = DatasetSource(file)
    let data = try Dataset.load([source], accepting: [.preference], method: "dpo")
    #expect(data.rowType == .preference)
    #expect(data.records.map { $0.body.completions[0] } == [.plain("x"), .plain("y"), .plain("y")])
    #expect(data.report.count(of: .tie) == 1)
    #expect(data.report.count(of: .skipped) == 1)
    #expect(data.report.conversions.count == 1)
    #expect(data.records[0].extras["shown_first"] == 1)
    let kept = try Dataset.load([source], accepting: [.comparison], method: "control")
    #expect(kept.records.count == 5)
    #expect(kept.statistics().tieCount == 1)
    #expect(kept.statistics().skippedCount == 1)
  }

  @Test(
    "a list becomes pairs of different rank",
    arguments: [
      (PairExpansion.all, ["b>a", "b>c", "b>d", "a>d", "c>d"]), (.bestAgainstWorst, ["b>d"]),
      (.adjacent, ["b>a", "c>d"]),
    ])
  func rankings(expansion: PairExpansion, expected: [String]) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      #"{"prompt": "p", "completions": ["a", "b", "c", "d"], "ranks": [2, 1, 2, 4]}"#,
      to: "rows.jsonl")
    let data = try Dataset.load(
      [DatasetSource(file)], accepting: [.preference], method: "dpo",
      options: DatasetOptions(pairs: expansion))
    let found = data.records.map { record in
      record.body.completions.map(\.text).joined(separator: ">")
    }
    #expect(found == expected)
  }

  @Test("a list of equal ranks makes no pair and is counted")
  func equalRanks() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      #"{"prompt": "p", "completions": ["a", "b"], "ranks": [1, 1]}"# + "\n"
        + #"{"prompt": "p", "completions": ["a", "b"], "ranks": [2, 1]}"#, to: "rows.jsonl")
    let data = try Dataset.load([DatasetSource(file)], accepting: [.preference], method: "dpo")
    #expect(data.records.count == 1)
    #expect(data.report.count(of: .rankedAlike) == 1)
  }

  @Test("pairs become labelled completions for methods that want these")
  func unpaired() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(pairs(0..<2), to: "rows.jsonl")
    let data = try Dataset.load(
      [DatasetSource(file)], accepting: [.unpairedPreference], method: "kto")
    #expect(
      data.records.map(\.body) == [
        .unpairedPreference(prompt: .plain("p0"), completion: .plain("good 0"), label: true),
        .unpairedPreference(prompt: .plain("p0"), completion: .plain("bad"), label: false),
        .unpairedPreference(prompt: .plain("p1"), completion: .plain("good 1"), label: true),
        .unpairedPreference(prompt: .plain("p1"), completion: .plain("bad"), label: false),
      ])
    #expect(data.statistics().positiveShare == 0.5)
  }

  @Test("conversations give their prompts; completions do not leak into prompts")
  func prompts() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      #"{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}"#,
      to: "rows.jsonl")
    let data = try Dataset.load([DatasetSource(file)], accepting: [.promptOnly], method: "grpo")
    #expect(
      data.records[0].body == .promptOnly(.messages([Message(role: .system, "s"), user("q")])))
  }

  @Test("max_samples takes the first rows and reads no further")
  func maxSamples() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(pairs(0..<200) + "\n{broken", to: "rows.jsonl")
    let data = try Dataset.load(
      [DatasetSource(file, maxSamples: 150)], accepting: [.preference], method: "dpo")
    #expect(data.records.count == 150)
    #expect(data.records.last?.body.prompt == .plain("p149"))
  }

  @Test("fraction takes a seeded share in the order of the file")
  func fraction() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(pairs(0..<200), to: "rows.jsonl")
    func lines(_ seed: UInt64) throws -> [Int] {
      try Dataset.load(
        [DatasetSource(file, fraction: 0.25)], accepting: [.preference], method: "dpo", seed: seed
      ).records.compactMap(\.provenance?.line)
    }
    let first = try lines(1)
    #expect(first.count == 50)
    #expect(first == first.sorted())
    #expect(Set(first).count == 50)
    #expect(first.contains { $0 > 100 })
    #expect(try lines(1) == first)
    #expect(try lines(2) != first)
  }

  @Test("weights set the proportion of the mixture and keep as much as they can")
  func weights() throws {
    let folder = try TemporaryFolder()
    let a = try folder.write(pairs(0..<100, prefix: "a"), to: "a.jsonl")
    let b = try folder.write(pairs(0..<30, prefix: "b"), to: "b.jsonl")
    let data = try Dataset.load(
      [DatasetSource(a, weight: 2), DatasetSource(b, weight: 1)], accepting: [.preference],
      method: "dpo")
    #expect(data.records.count { $0.provenance?.file == a } == 60)
    #expect(data.records.count { $0.provenance?.file == b } == 30)
    #expect(data.report.notSampledCount == 40)
    #expect(data.report.lines.last == "left out by fraction or weight: 40")
  }

  @Test("impossible options are refused in words")
  func options() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(pairs(0..<2), to: "rows.jsonl")
    let text = try folder.write(#"{"prompt": "p", "completion": "c", "score": 1}"#, to: "s.jsonl")
    func load(_ sources: [DatasetSource]) -> String {
      message(in: folder) {
        try Dataset.load(sources, accepting: [.preference, .scored], method: "reward")
      }
    }
    #expect(load([]) == "dataset: no source given")
    #expect(
      load([DatasetSource(file, fraction: 0)])
        == "fraction: above 0 and at most 1 for rows.jsonl, found 0.0")
    #expect(
      load([DatasetSource(file, weight: 1), DatasetSource(file)])
        == "weight: give every source a weight, or none; 1 of 2 have one")
    #expect(
      load([DatasetSource(file, maxSamples: 0)])
        == "max_samples: at least 1 for rows.jsonl, found 0")
    #expect(
      load([DatasetSource(file), DatasetSource(text)])
        == "dataset: s.jsonl gives scored rows, the sources before it preference rows; "
        + "use one kind at a time")
  }

  @Test("messages and plain text do not mix")
  func forms() throws {
    let folder = try TemporaryFolder()
    let plain = try folder.write(#"{"text": "t"}"#, to: "plain.jsonl")
    let chat = try folder.write(
      #"{"messages": [{"role": "user", "content": "q"}]}"#, to: "chat.jsonl")
    #expect(
      message(in: folder) {
        try Dataset.load(
          [DatasetSource(plain), DatasetSource(chat)], accepting: [.languageModelling],
          method: "sft")
      } == "dataset: chat.jsonl holds messages, the sources before it plain text; "
        + "use one kind at a time")
  }

  @Test("no prompt stands on both sides of a split", arguments: [1, 2, 3])
  func split(seed: UInt64) throws {
    let records = (0..<300).map { index in
      Record(
        .promptCompletion(prompt: .plain("p\(index % 60)"), completion: .plain("c\(index)")))
    }
    let (train, test) = try Dataset(records).split(testSize: .fraction(0.2), seed: seed)
    #expect(test.records.count == 60)
    #expect(train.records.count == 240)
    let both = Set(train.records.compactMap(\.body.prompt))
      .intersection(test.records.compactMap(\.body.prompt))
    #expect(both.isEmpty)
    let again = try Dataset(records).split(testSize: .count(60), seed: seed)
    #expect(again.test.records == test.records)
    #expect(test.summary.hasPrefix("dataset (test side): prompt-completion, plain text, 60 rows"))
  }

  @Test("a split that cannot be is refused")
  func badSplit() throws {
    let same = try Dataset(
      (0..<5).map {
        Record(.promptCompletion(prompt: .plain("p"), completion: .plain("c\($0)")))
      })
    #expect(
      message { try same.split(testSize: .fraction(0.5)) }
        == "test_split_size: all 5 records have one prompt, which cannot be split")
    #expect(
      message { try same.split(testSize: .fraction(1)) }
        == "test_split_size: a share is above 0 and below 1, found 1.0")
    #expect(
      message { try same.split(testSize: .count(5)) }
        == "test_split_size: a number of records is from 1 to 4 here, found 5")
  }

  // Python: statistics of word counts [2, 1, 4, 1] -> mean 2.0, sorted [1, 1, 2, 4]
  @Test("statistics")
  func statistics() throws {
    let data = try Dataset([
      Record(
        .preference(
          PreferencePair(prompt: .plain("a b c"), chosen: .plain("one two"), rejected: .plain("x")))
      ),
      Record(
        .preference(
          PreferencePair(
            prompt: .plain("d"), chosen: .plain("one two three é4"), rejected: .plain("y")))),
    ])
    let statistics = data.statistics()
    #expect(statistics.recordCount == 2)
    #expect(statistics.promptCount == 2)
    #expect(statistics.chosenLongerShare == 1)
    #expect(statistics.completionWords.mean == 2)
    #expect(statistics.completionWords.median == 2)
    #expect(statistics.completionWords.minimum == 1)
    #expect(statistics.completionWords.percentile95 == 4)
    #expect(statistics.completionCharacters.maximum == 16)
    #expect(statistics.promptWords.mean == 2)
  }

  @Test("records in memory must agree")
  func inMemory() {
    let plain = Record(.promptOnly(.plain("p")))
    #expect(
      message { try Dataset([plain, Record(.languageModelling(.plain("t")))]) }
        == "record:2: a language modelling row among prompt only rows")
    #expect(
      message { try Dataset([plain, Record(.promptOnly(.messages([user("p")])))]) }
        == "record:2: messages and plain text in one dataset; use one kind")
  }
}
