// SPDX-License-Identifier: Apache-2.0

import Environments
import Feedback
import Testing

@testable import attune

@Suite("attune world")
struct WorldCommandTests {
  private func rows(_ arguments: String...) throws -> [JSONValue] {
    let result = try attune(["world", "write"] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    return try result.lines.map { try JSONValue(parsing: String($0)) }
  }

  @Test("list names all tasks with aspects and faults")
  func list() throws {
    let text = try attune("world", "list")
    let object = try JSONValue(parsing: try attune("world", "list", "--json").output)
    let tasks = object["tasks"]?.array ?? []
    #expect(tasks.map { $0["name"] } == Millbrook(seed: 3).taskNames.map { .string($0) })
    for task in tasks {
      #expect(text.lines.contains { $0 == task["name"]?.string ?? "" })
      #expect(task["aspects"]?.array?.isEmpty == false)
      #expect(task["degraders"]?.array?.isEmpty == false)
    }
    #expect(object["splits"] == ["train", "dev", "test", "test_new"])
  }

  @Test("rows are those of the village, whatever part of it is written")
  func prompts() throws {
    let task = try Millbrook(seed: 11).task("tale")
    let rows = try rows(
      "--task", "tale", "--split", "dev", "--seed", "11", "--first", "2", "--count", "3")
    #expect(rows.map { $0["id"] } == (2..<5).map { .string(task.item(.dev, $0).id) })
    #expect(rows.map { $0["prompt"] } == (2..<5).map { .string(task.item(.dev, $0).prompt) })
  }

  @Test("each kind of row holds what it is for, and loads as data")
  func kinds() throws {
    let types: [(String, RowType)] = [
      ("prompts", .promptOnly), ("references", .promptCompletion),
      ("demonstrations", .promptCompletion), ("documents", .languageModelling),
      ("comparisons", .comparison), ("rankings", .ranking), ("book", .languageModelling),
    ]
    #expect(types.map(\.0).sorted() == WorldKind.allCases.map(\.rawValue).sorted())
    let folder = try TemporaryFolder()
    for (kind, type) in types {
      let file = folder.path("\(kind).jsonl.gz")
      let result = try attune(
        "world", "write", "--kind", kind, "--count", "8", "--output", file)
      #expect(result.status == 0)
      #expect(result.output == "")
      #expect(result.errors == "\(file): 8 rows\n")
      let reader = try RecordReader(file)
      #expect(reader.rowType == type)
      var count = 0
      while let record = try reader.next() {
        count += 1
        #expect(record.body.completions.allSatisfy { !$0.isEmpty })
      }
      #expect(count == 8)
    }
  }

  @Test("an annotator without noise prefers the better, and says so in the truth")
  func noiselessComparisons() throws {
    let rows = try rows(
      "--kind", "comparisons", "--count", "30", "--beta", "infinity", "--mistake", "0",
      "--with_truth")
    #expect(rows.count == 30)
    for row in rows {
      let utilities = (row["truth"]?["utilities"]?.array ?? []).compactMap(\.double)
      try #require(utilities.count == 2)
      let better = utilities[0] == utilities[1] ? 0.5 : utilities[0] > utilities[1] ? 1 : 0
      #expect(row["preference"]?.double == better)
      let texts = row["completions"]?.array ?? []
      #expect(texts.count == 2 && texts[0] != texts[1])
    }
  }

  @Test("mistakes turn some choices round, and the truth tells which")
  func mistakes() throws {
    let rows = try rows(
      "--kind=comparisons", "--count=60", "--beta=inf", "--mistake=0.3", "--with_truth")
    let flipped = rows.count { $0["truth"]?["flipped"] == true }
    #expect((5...35).contains(flipped))
    #expect(try self.rows("--kind=comparisons", "--count=1").first?["truth"] == nil)
  }

  @Test("the share of longer better sides follows the wish")
  func plantedLength() throws {
    let rows = try rows(
      "--kind=comparisons", "--count=60", "--beta=inf", "--mistake=0", "--longer_is_better=0")
    let longerWins = rows.count { row in
      let words = (row["completions"]?.array ?? []).map {
        $0.string?.split(separator: " ").count ?? 0
      }
      guard let preference = row["preference"]?.double, preference != 0.5 else { return false }
      return preference == 1 ? words[0] > words[1] : words[1] > words[0]
    }
    // Not every item has such a pair among its four candidates.
    #expect(longerWins <= 8)
  }

  @Test("a noiseless ranking follows the true utilities")
  func rankings() throws {
    let rows = try rows(
      "--kind=rankings", "--count=10", "--beta=inf", "--candidates=3", "--with_truth")
    for row in rows {
      let utilities = (row["truth"]?["utilities"]?.array ?? []).compactMap(\.double)
      let ranks = (row["ranks"]?.array ?? []).compactMap(\.integer)
      #expect(ranks.count == 3)
      #expect(ranks == Ranking.ranks(ofScores: utilities))
    }
  }

  @Test("show prints prompt, reference and demonstrations with their scores")
  func show() throws {
    let item = try Millbrook(seed: 7).task("digest").item(.dev, 3)
    let result = try attune("world", "show", "--split", "dev", "--index", "3")
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("item 7/digest/dev/3\n\n\(item.prompt)\n"))
    #expect(result.output.contains("reference\n \(item.reference)\n  utility 1.00; coverage 1.00"))
    #expect(result.lines.count { $0.hasPrefix("demonstration ") } == 3)
    let object = try JSONValue(
      parsing: try attune("world", "show", "--json", "--demonstrations=1").output)
    #expect(object["reference_score"]?["utility"] == 1)
    #expect(object["demonstrations"]?.array?.count == 1)
  }

  @Test("spans are marked by Unicode scalars, empty ones where they stand")
  func marks() {
    let spans = [(2..<4, "bad"), (4..<5, "odd"), (6..<6, "gone")]
    #expect(WorldShowCommand.mark("é bcdef", spans) == "é [bc]bad[d]odde[]gonef")
  }

  @Test("score adds exact scores to rows of several villages")
  func score() throws {
    let folder = try TemporaryFolder()
    let items = try [
      Millbrook(seed: 7).task("digest").item(.train, 5),
      Millbrook(seed: 8).task("tale").item(.test, 1),
    ]
    let file = folder.path("rows.jsonl")
    let writer = try JSONLinesWriter(file)
    for item in items {
      try writer.write([
        "id": .string(item.id), "completion": .string(item.reference), "extra": 1,
      ])
    }
    try writer.write(["id": .string(items[0].id), "completion": " nothing"])
    try writer.finish()
    let result = try attune("world", "score", file)
    #expect(result.status == 0)
    let rows = try result.lines.map { try JSONValue(parsing: String($0)) }
    #expect(rows.count == 3)
    #expect(rows[0]["gold"]?["utility"] == 1)
    #expect(rows[0]["extra"] == 1)
    #expect(rows[1]["gold"]?["aspects"]?["sentiment"] != nil)
    #expect(rows[2]["gold"]?["aspects"]?["coverage"] == 0)
    #expect(rows[2]["gold"]?["missing"]?.array?.count == 3)
    #expect(result.errors.hasPrefix("mean utility ") && result.errors.hasSuffix("over 3 rows\n"))
  }

  @Test(
    "score names the row that it cannot score",
    arguments: [
      (
        #"{"completion": "a"}"#,
        "id: missing, expected an item id such as 7/digest/train/0; "
          + "found: completion"
      ),
      (#"{"id": "7/digest/train/0"}"#, "completion: missing, expected a string; found: id"),
      (
        #"{"id": "7/digest/tran/0", "completion": "a"}"#,
        "id: '7/digest/tran/0' names no item of village 7; an id reads seed/task/split/index, "
          + "such as 7/digest/train/0"
      ),
      (
        #"{"id": "7/dig/train/0", "completion": "a"}"#,
        "id: 'dig' is no task of the village; there are: digest, digest_notices, tale"
      ),
    ])
  func unscorable(row: String, message: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(row + "\n", "rows.jsonl")
    let result = try attune("world", "score", file)
    #expect(result.status == 3)
    #expect(result.errors == "attune: \(file):1: \(message)\n")
  }
}
