// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Objectives
import Testing

@testable import attune

@Suite("attune data advise")
struct DataAdviseCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("says what pairs feed, what fails and what would open more")
  func pairs() throws {
    let path = try folder.write(
      """
      {"prompt": "a", "chosen": "b", "rejected": "c", "margin": 0.5}
      {"prompt": "a", "chosen": "b", "rejected": "c"}
      {"prompt": "a", "chosen": "b"}
      """, "pairs.jsonl")
    let result = try attune("data", "advise", path)
    #expect(result.status == 0, "\(result.errors)")
    let expected = [
      "\(path): 3 rows, columns: prompt, chosen, rejected, margin",
      "  sft: 2 of 3 rows (preference)",
      "    fails: \(path):3: no column 'rejected'",
      "  dpo: 2 of 3 rows (preference)",
      "  dpo --loss_type odpo: 1 of 3 rows (preference)",
      "    fails: column 'margin' is missing",
      "  kto: 2 of 3 rows, as 4 records (preference -> unpaired preference)",
      "  lipo: 2 of 3 rows (preference -> ranking)",
      "  ppo, grpo, rloo, reinforce: ",
      "  column reference_response -> dpo --loss_type selm|xpo",
      "  column gold -> dpo --loss_type tpo|tpo_l",
      "  column margin_chosen and column margin_rejected -> dpo --loss_type modpo",
    ]
    for line in expected { #expect(result.output.contains(line), "\(line)\n\(result.output)") }
  }

  @Test("prints JSON, one object a path")
  func json() throws {
    let path = try folder.write(#"{"prompt": "a", "completion": "b"}"#, "rows.jsonl")
    let result = try attune("data", "advise", path, path, "--json")
    let rows = try JSONValue(parsing: result.output).array ?? []
    #expect(rows.count == 2)
    let methods = rows[0]["feeds"]?.array?.compactMap { $0["method"]?.string }
    #expect(methods == ["sft", "ppo, grpo, rloo, reinforce"])
    let first = rows[0]["opens"]?.array?.first
    #expect(first?["columns"]?.array?.compactMap(\.string) == ["label"])
    #expect(first?["methods"]?.array?.compactMap(\.string) == ["kto"])
  }

  @Test("rows that feed nothing say so, with the names that would help")
  func nothing() throws {
    let path = try folder.write(#"{"question": "a", "answer": "b", "liked": true}"#, "rows.jsonl")
    let result = try attune("data", "advise", path)
    #expect(result.status == 0)
    #expect(result.output.contains("feeds no method as it is"))
    #expect(
      result.output.contains(
        "--columns prompt=question,completion=answer,label=liked -> kto"), "\(result.output)")
    #expect(
      try attune(
        "data", "advise", path, "--columns", "prompt=question,completion=answer,label=liked"
      ).output.contains("kto: 1 of 1 rows"))
    #expect(try attune("data", "advise", "nowhere.jsonl").status == 3)
    #expect(try attune("data", "advise").status == 2)
  }

  @Test("knows every loss that reads further columns")
  func losses() {
    let named = LearningRows.methods.map(\.name).joined(separator: " ")
    for entry in ObjectiveTable.entries where entry.isPairLoss && !entry.columns.isEmpty {
      #expect(named.contains(entry.name))
    }
  }
}
