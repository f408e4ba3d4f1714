// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Feedback

/// Files of real data, where the environment variable ATTUNE_TEST_DATA names a folder that has them.
private let dataFolder = ProcessInfo.processInfo.environment["ATTUNE_TEST_DATA"].map {
  $0 + "/data"
}

/// Row counts are `zcat FILE | wc -l`; the other numbers come from Python's json over the same file.
@Suite("Real data", .enabled(if: dataFolder != nil, "set ATTUNE_TEST_DATA to a folder with data/"))
struct RealDataTests {
  private func load(
    _ file: String, _ accepting: [RowType], columns: ColumnMapping = ColumnMapping()
  ) throws -> Dataset {
    let path = "\(try #require(dataFolder))/\(file)"
    return try Dataset.load(
      [DatasetSource(path, columns: columns)], accepting: accepting, method: "a test")
  }

  @Test("HH pairs: message prompts with plain answers")
  func hhPairs() throws {
    let data = try load("hh_pairs/pairs.jsonl.gz", [.preference])
    #expect(data.report.rowCount == 3054)
    #expect(data.isConversational)
    #expect(
      data.summary.hasSuffix("columns used: prompt, chosen, rejected; ignored: id, subset"))
    for record in data.records {
      #expect(record.body.prompt?.messages?.last?.role == .user)
    }
    let (train, test) = try data.split(testSize: .fraction(0.1))
    let shared = Set(train.records.compactMap(\.body.prompt))
      .intersection(test.records.compactMap(\.body.prompt))
    #expect(shared.isEmpty)
  }

  @Test("duels of models: grades become preferences, ties are counted")
  func duels() throws {
    let data = try load("model_duels/judgements.jsonl.gz", [.preference])
    #expect(data.report.rowCount == 727)
    let ties = data.report.count(of: .tie)
    #expect(ties > 0)
    #expect(
      data.records.count + ties + data.report.count(of: .emptyCompletion)
        + data.report.count(of: .identicalPair) == 727)
    #expect(data.records[0].extras["models"]?.array?.count == 2)
  }

  @Test("stories, maths and questions")
  func texts() throws {
    let stories = try load("small_stories/stories.jsonl.gz", [.languageModelling])
    #expect(stories.report.rowCount == 717)
    let maths = try load(
      "grade_school_math/train.jsonl.gz", [.promptCompletion],
      columns: ["prompt": "question", "completion": "solution"])
    #expect(maths.records.count == 5221)
    #expect(maths.records[0].extras["answer"] == "10")
    let prompts = try load("refusal_contrast/prompts.jsonl.gz", [.promptOnly])
    #expect(prompts.report.rowCount == 298)
    let chinese = try load(
      "chinese_medical_dialogues/dialogues.jsonl.gz", [.promptCompletion],
      columns: ["completion": "reference"])
    #expect(chinese.isConversational)
  }

  @Test("columns without a row type are refused with the fix")
  func refused() throws {
    #expect(
      message { try load("grade_school_math/train.jsonl.gz", [.promptCompletion]) }
        .contains("try: --columns prompt=question,completion=answer"))
  }

  @Test("every record of every file that loads comes back from its row")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    for file in ["hh_pairs/pairs.jsonl.gz", "small_stories/stories.jsonl.gz"] {
      let data = try load(file, [.preference, .languageModelling])
      let copy = "\(folder.path)/copy.jsonl.gz"
      try JSONLinesWriter.write(data.records, to: copy)
      let again = try Dataset.load(
        [DatasetSource(copy)], accepting: [data.rowType], method: "a test")
      #expect(again.records.map(\.json) == data.records.map(\.json))
    }
  }
}
