// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Testing

@testable import attune

@Suite("attune score")
struct ScoreCommandTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// What transformers computed; see LanguageModelsTests/Fixtures/make_fixtures.py.
  private struct Expected: Decodable {
    struct Row: Decodable {
      var ids: [Int]
      var logProbs: [Double]
      enum CodingKeys: String, CodingKey {
        case ids
        case logProbs = "token_log_probs"
      }
    }
    var rows: [Row]
  }

  private struct ExpectedScores: Decodable {
    var rows: [[Int]]
    var scores: [Double]
  }

  private func fixture<Value: Decodable>(_ name: String, _ type: Value.Type) throws -> Value {
    try JSONDecoder().decode(
      type, from: Data(contentsOf: TinyPolicy.fixtures.appending(path: "\(name)/expected.json")))
  }

  @Test(
    "log-probs of token ids are those of transformers", arguments: ["tied", "biased", "llama3"])
  func tokenIDs(name: String) throws {
    let expected = try fixture(name, Expected.self)
    let rows = expected.rows.enumerated().map { index, row in
      "{\"n\": \(index), \"prompt_ids\": [\(row.ids[0])], \"completion_ids\": \(Array(row.ids.dropFirst()))}"
    }
    let file = try folder.write(rows.joined(separator: "\n") + "\n", "ids.jsonl")
    let result = try attune(
      "score", file, "--model_name_or_path", TinyPolicy.fixtures.appending(path: name).path,
      "--batch_size", "2")
    #expect(result.status == 0)
    let found = try result.rows
    #expect(found.map { $0["n"]?.integer } == Array(expected.rows.indices))
    for (row, expected) in zip(found, expected.rows) {
      #expect(areClose(row["log_probs"]?.doubles ?? [], expected.logProbs, within: 1e-4))
      #expect(row["token_count"]?.integer == expected.logProbs.count)
      let sum = expected.logProbs.reduce(0, +)
      #expect(areClose([row["log_prob"]?.double ?? .nan], [sum], within: 1e-3))
    }
  }

  @Test("scores of a reward model are those of transformers")
  func rewardModel() throws {
    let expected = try fixture("classifier", ExpectedScores.self)
    let rows = expected.rows.map { "{\"completion_ids\": \($0)}" }
    let file = try folder.write(rows.joined(separator: "\n"), "ids.jsonl")
    let path = TinyPolicy.fixtures.appending(path: "classifier").path
    let result = try attune("score", file, "--model_name_or_path", path)
    #expect(result.status == 0)
    let scores = try result.rows.compactMap { $0["score"]?.double }
    #expect(areClose(scores, expected.scores, within: 1e-5))
    let refused = try attune(
      "score", file, "--model_name_or_path", path, "--temperature", "2")
    #expect(refused.status == 2)
  }

  @Test("text ends with the end of text unless told otherwise, and only completions count")
  func text() throws {
    let model = try TinyPolicy.write(in: folder)
    let file = try folder.write(
      #"{"prompt": "ab", "completion": "cde", "k": 1}"# + "\n"
        + #"{"prompt": "ab", "completion": "cde<|endoftext|>"}"# + "\n"
        + #"{"text": "abcde"}"# + "\n", "rows.jsonl")
    let command = ["score", file, "--model_name_or_path", model]
    let rows = try attune(command).rows
    // One token a byte: c, d, e and the end; of whole texts all but the first.
    #expect(rows.map { $0["token_count"] } == [4, 4, 5])
    #expect(rows[0]["k"] == 1)
    #expect(rows[0]["log_probs"] == rows[1]["log_probs"])
    #expect(rows[2]["log_probs"]?.doubles.suffix(4) == rows[0]["log_probs"]?.doubles[...])
    let bare = try attune(command + ["--add_eos", "false"]).rows
    #expect(bare.map { $0["token_count"] } == [3, 4, 4])
    #expect(bare[0]["log_probs"]?.doubles[...] == rows[0]["log_probs"]?.doubles.prefix(3))
  }

  @Test("pairs get both sides and their margin")
  func pairs() throws {
    let model = try TinyPolicy.write(in: folder)
    let file = try folder.write(
      #"{"prompt": "ab", "chosen": "cd", "rejected": "efg"}"# + "\n", "pairs.jsonl")
    let row = try attune("score", file, "--model_name_or_path", model).rows[0]
    let chosen = try #require(row["chosen_log_prob"]?.double)
    let rejected = try #require(row["rejected_log_prob"]?.double)
    #expect(row["chosen_token_count"] == 3)
    #expect(row["rejected_token_count"] == 4)
    #expect(abs((row["margin"]?.double ?? .nan) - (chosen - rejected)) < 1e-9)
    let reward = try TinyPolicy.writeRewardModel(in: folder)
    let scored = try attune("score", file, "--model_name_or_path", reward).rows[0]
    #expect(scored["chosen_score"] != nil && scored["rejected_score"] != nil)
    #expect(scored["margin"] != nil)
  }

  @Test("order and numbers do not depend on the batch size")
  func batches() throws {
    let model = try TinyPolicy.write(in: folder)
    let lines = (0..<9).map { index in
      "{\"n\": \(index), \"text\": \"\(String(repeating: "xy", count: 1 + index * 5 % 7))\"}"
    }
    let file = try folder.write(lines.joined(separator: "\n"), "rows.jsonl")
    let command = ["score", file, "--model_name_or_path", model, "--batch_size"]
    let alone = try attune(command + ["1"]).rows
    let together = try attune(command + ["4"]).rows
    #expect(together.map { $0["n"]?.integer } == Array(0..<9))
    for (one, other) in zip(alone, together) {
      #expect(
        areClose(
          one["log_probs"]?.doubles ?? [], other["log_probs"]?.doubles ?? [.nan], within: 1e-4))
    }
  }

  @Test(
    "what cannot be scored is named with its line",
    arguments: [
      (#"{"prompt_ids": [1], "completion_ids": [2, 258]}"#, ":2: completion_ids[1]:"),
      (#"{"prompt_ids": [-1], "completion_ids": [2]}"#, ":2: prompt_ids[0]:"),
      (#"{"completion_ids": []}"#, ":2: completion_ids:"),
      (#"{"question": "a"}"#, ":2: columns: expected prompt and completion"),
      (#"{"prompt": "a", "completion": 5}"#, ":2: completion: expected a string"),
    ])
  func broken(row: String, message: String) throws {
    let model = try TinyPolicy.write(in: folder)
    let file = try folder.write("{\"text\": \"fine\"}\n\(row)\n", "rows.jsonl")
    let result = try attune("score", file, "--model_name_or_path", model)
    #expect(result.status == 3)
    #expect(result.errors.contains("rows.jsonl" + message), "\(result.errors)")
  }
}
