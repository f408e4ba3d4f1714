// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Testing

@testable import attune

@Suite("attune data")
struct DataCommandTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func pairs(_ name: String = "pairs.jsonl") throws -> String {
    try folder.write(
      """
      {"prompt": "one", "chosen": " a b c", "rejected": " d", "source": "s"}
      {"prompt": "two", "chosen": " e", "rejected": " f g"}
      {"prompt": "two", "chosen": " e", "rejected": " f g"}
      {"prompt": "three", "chosen": " same", "rejected": " same"}
      {"prompt": "four", "chosen": "", "rejected": " h"}

      """, name)
  }

  @Test("check says what the data is and counts what is of little use")
  func check() throws {
    let file = try pairs()
    let result = try attune("data", "check", file)
    #expect(result.status == 0)
    #expect(
      result.output == """
        dataset: preference, plain text, 3 rows, columns used: prompt, chosen, rejected; \
        ignored: source
        empty completions: 1 (dropped, first at \(file):5)
        identical chosen and rejected: 1 (dropped, first at \(file):4)
        duplicated rows: 1 (kept, first at \(file):3)
        no broken rows

        """)
  }

  @Test("check tells the same as an object")
  func checkJSON() throws {
    let result = try attune("data", "check", try pairs(), "--json")
    let object = try JSONValue(parsing: result.output)
    #expect(object["ok"] == true)
    #expect(object["row_type"] == "preference")
    #expect(object["rows"] == 5)
    #expect(object["records"] == 3)
    #expect(object["findings"]?.array?.count == 3)
    #expect(object["findings"]?.array?.first?["first"]?.string?.hasSuffix("pairs.jsonl:5") == true)
  }

  @Test("check lists every row that does not fit, and ends with status 3")
  func brokenRows() throws {
    let file = try folder.write(
      """
      {"prompt": "a", "chosen": "b", "rejected": "c"}
      {"prompt": 3, "chosen": "b", "rejected": "c"}
      {"prompt": "a", "chosen": "b", "rejected": "d"}
      {"prompt": "a", "chosen": "b"}

      """, "bad.jsonl")
    let result = try attune("data", "check", file)
    #expect(result.status == 3)
    #expect(
      result.lines == [
        "\(file):2: prompt: expected a string or a list of messages, found the number 3",
        "\(file):4: no column 'rejected', which the other rows have "
          + "(preference {prompt, chosen, rejected}); found: prompt, chosen",
      ])
    #expect(result.errors == "attune: 2 broken rows among 4\n")
  }

  @Test("check lists every line that is no JSON, and says what it could not look at")
  func brokenLines() throws {
    let file = try folder.write(
      """
      {"prompt": "a", "chosen": "b", "rejected": "c"}
      {"prompt": "a", "chosen":
      {"prompt": "a", "chosen": "b", "rejected": "c"}
      nonsense

      """, "bad.jsonl")
    let result = try attune("data", "check", file, "--max_errors", "1")
    #expect(result.status == 3)
    #expect(result.lines.count == 2)
    #expect(result.lines.first?.hasPrefix("\(file):2:") == true)
    #expect(result.lines.last == "and 1 more; --max_errors shows more of them")
    #expect(result.errors.hasPrefix("\(file): what the rows say was not checked"))
    #expect(result.errors.hasSuffix("attune: 2 broken rows among 4\n"))

    let object = try JSONValue(parsing: try attune("data", "check", file, "--json").output)
    #expect(object["ok"] == false)
    #expect(object["error_count"] == 2)
  }

  @Test("columns that make no row end with status 3 and the flag that helps")
  func unknownColumns() throws {
    let file = try folder.write(
      #"{"question": "a", "best": "b", "worst": "c"}"# + "\n", "q.jsonl")
    let result = try attune("data", "check", file, "--row_type", "preference")
    #expect(result.status == 3)
    #expect(
      result.errors.hasSuffix("  try: --columns prompt=question,chosen=best,rejected=worst\n"))
    let mapped = try attune(
      "data", "check", file, "--columns", "prompt=question,chosen=best,rejected=worst")
    #expect(mapped.status == 0)
  }

  @Test("a missing file ends with status 3")
  func missingFile() throws {
    let result = try attune("data", "stats", "/nowhere/a.jsonl")
    #expect(result.status == 3)
    #expect(result.errors == "attune: no file or folder '/nowhere/a.jsonl'\n")
  }

  @Test("stats counts all rows and measures lengths")
  func stats() throws {
    let result = try attune("data", "stats", try pairs())
    #expect(result.status == 0)
    #expect(result.lines.contains("records: 5, different prompts: 4"))
    #expect(result.lines.contains("repeated rows: 1"))
    // Pairs of unequal length in words: 3 to 1, 1 to 2 twice, 0 to 1.
    #expect(result.lines.contains("chosen is the longer one (of unequal pairs): 25.0 %"))
    // 3 1 1 2 1 2 1 1 0 1
    #expect(
      result.lines.contains("completion words: mean 1.3, median 1, 95 % 3, from 0 to 3"))
    let object = try JSONValue(parsing: try attune("data", "stats", try pairs(), "--json").output)
    #expect(object["records"] == 5)
    #expect(object["completion_words"]?["max"] == 3)
  }

  @Test("lengths in tokens come with a limit")
  func tokens() throws {
    let tokenizer = try TinyTokenizer.write(in: folder)
    let result = try attune(
      "data", "stats", try pairs(), "--tokenizer_name_or_path", tokenizer, "--max_length", "9",
      "--json")
    #expect(result.status == 0)
    let object = try JSONValue(parsing: result.output)
    // One token a character: prompts one, two, two, three, four.
    #expect(object["prompt_tokens"]?["max"] == 5)
    #expect(object["prompt_tokens"]?["mean"]?.double == 3.6)
    // 3 + 6, 3 + 4 twice, 5 + 5, 4 + 2.
    #expect(object["rows_beyond_max_length"] == 1)
  }

  @Test("split keeps each prompt on one side and loses no row")
  func split() throws {
    let rows = (0..<40).map { #"{"prompt": "p\#($0 / 2)", "completion": "c\#($0)"}"# }
    let file = try folder.write(rows.joined(separator: "\n") + "\n", "rows.jsonl")
    let train = folder.path("train.jsonl.gz")
    let test = folder.path("test.jsonl")
    let result = try attune(
      "data", "split", file, "--test_split_size", "0.25", "--train_output", train,
      "--test_output", test, "--json")
    #expect(result.status == 0)
    #expect(result.output == "{\"train\": 30, \"test\": 10}\n")
    let sides = try [train, test].map { path in
      let reader = try RowReader(path)
      var rows: [JSONObject] = []
      while let row = try reader.next() { rows.append(row.columns) }
      return rows
    }
    #expect(Set(sides.joined()).count == 40)
    let prompts = sides.map { Set($0.map { $0["prompt"] }) }
    #expect(prompts[0].isDisjoint(with: prompts[1]))
  }

  @Test("convert turns a foreign ranking into preferences and keeps other columns")
  func convert() throws {
    let file = try folder.write(
      #"{"prompt": "p", "completions": ["worst", "best"], "ranks": [2, 1], "note": 5}"# + "\n",
      "rank.jsonl")
    let output = folder.path("pairs.jsonl")
    let result = try attune(
      "data", "convert", file, "--row-type", "preference", "--output", output)
    #expect(result.status == 0)
    #expect(result.output == "")
    let row = try JSONValue(parsing: try folder.text("pairs.jsonl"))
    #expect(row["chosen"] == "best")
    #expect(row["rejected"] == "worst")
    #expect(row["note"] == 5)
  }

  @Test("an output that cannot be written is a failure of its own")
  func unwritable() throws {
    let result = try attune("data", "convert", try pairs(), "--output", "/nowhere/x.jsonl")
    #expect(result.status == 1)
    #expect(result.errors.hasPrefix("attune: /nowhere/x.jsonl: cannot be written: "))
  }
}
