// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import Testing
import Tokenizers

@testable import attune

@Suite("attune generate")
struct GenerateCommandTests {
  let folder: TemporaryFolder
  let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try TinyPolicy.write(in: folder)
  }

  private func run(_ options: String...) throws -> CommandResult {
    try attune(["generate", "--model_name_or_path", model, "--max_new_tokens", "10"] + options)
  }

  @Test("one prompt gives plain text, and --json the same completion with its tokens")
  func plainAndJSON() throws {
    let plain = try run("--prompt", "once upon", "--temperature", "0")
    #expect(plain.status == 0)
    let result = try run("--prompt", "once upon", "--temperature", "0", "--json")
    let rows = try result.rows
    #expect(rows.count == 1)
    let completion = try #require(rows[0]["completion"]?.string)
    #expect(plain.output == completion + "\n")
    #expect(rows[0]["prompt"] == "once upon")
    #expect(rows[0]["ids"]?.integers.count == rows[0]["log_probs"]?.doubles.count)
    #expect(rows[0]["log_probs"]?.doubles.allSatisfy { $0 <= 0 } == true)
  }

  @Test("equal seeds draw equal completions, other seeds others, greedy the same for all")
  func seeds() throws {
    func drawn(_ seed: String, _ temperature: String) throws -> String {
      try run("--prompt", "a", "--seed", seed, "--temperature", temperature).output
    }
    #expect(try drawn("1", "1") == drawn("1", "1"))
    #expect(try drawn("1", "1") != drawn("2", "1"))
    #expect(try drawn("1", "0") == drawn("2", "0"))
  }

  @Test("the folder's generation_config.json decides where the command line does not")
  func defaults() throws {
    let file = URL(filePath: model).appending(path: "generation_config.json")
    try Data(#"{"eos_token_id": 0, "do_sample": false}"#.utf8).write(to: file)
    let greedy = try run("--prompt", "a", "--seed", "1").output
    #expect(try run("--prompt", "a", "--seed", "2").output == greedy)
    #expect(try run("--prompt", "a", "--seed", "1", "--do_sample", "true").output != greedy)
    #expect(try run("--prompt", "a", "--seed", "1", "--temperature", "1").output != greedy)
  }

  @Test("lengths, ends and penalties of the folder hold until an option says otherwise")
  func folderFields() throws {
    let file = URL(filePath: model).appending(path: "generation_config.json")
    let greedy = #""do_sample": false"#
    func ids(_ fields: String, _ options: String...) throws -> [Int] {
      try Data("{\(fields)}".utf8).write(to: file)
      let command = ["generate", "--model_name_or_path", model, "--prompt", "abc", "--json"]
      let rows = try attune(command + options).rows
      return try #require(rows[0]["ids"]?.integers)
    }
    #expect(try ids("\(greedy), \"max_new_tokens\": 4").count == 4)
    #expect(try ids("\(greedy), \"max_length\": 8").count == 5)
    #expect(try ids("\(greedy), \"max_length\": 8", "--max_new_tokens", "7").count == 7)
    let plain = try ids("\(greedy), \"max_new_tokens\": 6")
    let other = try ids(
      "\(greedy), \"max_new_tokens\": 6, \"suppress_tokens\": [\(plain[0])]")
    #expect(!other.contains(plain[0]))
    let ends = try ids("\(greedy), \"max_new_tokens\": 6", "--eos_token_id", "\(plain[1])")
    #expect(ends == Array(plain.prefix(through: try #require(plain.firstIndex(of: plain[1])))))
    let banned = try ids(
      "\(greedy), \"max_new_tokens\": 6", "--bad_words_ids", "[[\(plain[0])]]")
    #expect(banned == other)
  }

  @Test("--generation_config takes the place of the folder's file, and options go before it")
  func otherConfiguration() throws {
    let file = try folder.write(#"{"do_sample": false, "max_new_tokens": 3}"#, "other.json")
    let command = ["generate", "--model_name_or_path", model, "--prompt", "abc", "--json"]
    let options = ["--generation_config", file]
    #expect(try attune(command + options).rows[0]["ids"]?.integers.count == 3)
    #expect(
      try attune(command + options + ["--max_new_tokens", "5"]).rows[0]["ids"]?.integers.count == 5)
    let missing = try attune(command + ["--generation_config", "nowhere.json"])
    #expect(missing.status == 2)
    #expect(missing.errors.contains("--generation_config: no file 'nowhere.json'"))
    let bad = try folder.write(#"{"top_p": 7}"#, "bad.json")
    let refused = try attune(command + ["--generation_config", bad])
    #expect(refused.status == 4)
    #expect(refused.errors.contains("bad.json: top_p: expected above 0 to 1, found 7.0"))
  }

  @Test("beam search gives its best completions with their scores, best first")
  func beams() throws {
    let rows = try run(
      "--prompt", "abc", "--num_beams", "4", "--num_return_sequences", "3", "--json"
    ).rows
    #expect(rows.map { $0["sample"] } == [0, 1, 2])
    let scores = rows.compactMap { $0["score"]?.double }
    #expect(scores.count == 3 && scores == scores.sorted(by: >))
    #expect(Set(rows.compactMap { $0["ids"]?.integers }).count == 3)
    for row in rows {
      let logProbs = try #require(row["log_probs"]?.doubles)
      let mean = logProbs.reduce(0, +) / Double(logProbs.count)
      #expect(abs(mean - (row["score"]?.double ?? 0)) < 1e-4)
    }
    let best = try run("--prompt", "abc", "--num_beams", "4").output
    #expect(best == (rows[0]["completion"]?.string ?? "") + "\n")
    let tooMany = try run("--prompt", "abc", "--num_beams", "2", "--num_return_sequences", "3")
    #expect(tooMany.status == 2)
    #expect(tooMany.errors.contains("--num_return_sequences: expected at most --num_beams 2"))
  }

  @Test("--top_logprobs tells the likeliest tokens in each place")
  func alternatives() throws {
    let row = try run(
      "--prompt", "abc", "--temperature", "0", "--top_logprobs", "3", "--json"
    ).rows[0]
    let lists = try #require(row["top_logprobs"]?.array)
    let ids = try #require(row["ids"]?.integers)
    #expect(lists.count == ids.count)
    for (list, id) in zip(lists, ids) {
      #expect(list.array?.count == 3)
      #expect(list.array?[0]["id"] == .integer(id))
    }
  }

  @Test("commas belong to a prompt, and several prompts keep their order")
  func severalPrompts() throws {
    let rows = try run("--prompt", "one, two", "--prompt=three,four", "--batch_size", "1").rows
    #expect(rows.map { $0["prompt"] } == ["one, two", "three,four"])
  }

  @Test("rows keep their columns, and samples are numbered and differ")
  func dataset() throws {
    let file = try folder.write(
      """
      {"id": 7, "prompt": "a longer prompt than the other one"}
      {"prompt": [{"role": "user", "content": "b"}], "k": "v"}

      """, "rows.jsonl")
    let result = try run("--dataset_path", file, "--num_return_sequences", "2")
    #expect(result.status == 0)
    let rows = try result.rows
    #expect(rows.map { $0["id"] } == [7, 7, nil, nil])
    #expect(rows.map { $0["k"] } == [nil, nil, "v", "v"])
    #expect(rows.map { $0["sample"] } == [0, 1, 0, 1])
    #expect(rows[0]["ids"] != rows[1]["ids"])
    let single = try run(
      "--dataset_path", file, "--num_return_sequences", "2", "--batch_size", "1")
    #expect(try single.rows.map { $0["ids"] } == rows.map { $0["ids"] })
  }

  @Test("a stop string ends a completion and is no part of it")
  func stop() throws {
    let whole = try #require(
      try run("--prompt", "one, two", "--temperature", "0", "--json").rows[0]["completion"]?.string)
    let characters = Array(whole)
    try #require(characters.count >= 3)
    let stop = String(characters[2])
    let expected = String(characters.prefix { String($0) != stop })
    let options = ["--prompt", "one, two", "--temperature", "0", "--stop", stop]
    let command = ["generate", "--model_name_or_path", model, "--max_new_tokens", "10"] + options
    #expect(try attune(command).output == expected + "\n")
    let row = try attune(command + ["--json"]).rows[0]
    #expect(row["completion"]?.string == expected)
    #expect(row["stop_reason"] == "stop_string")
  }

  @Test("log-probs are those that `score` gives the same tokens at the same temperature")
  func logProbs() throws {
    let row = try run("--prompt", "abc", "--temperature", "0.7", "--json").rows[0]
    let prompt = try TinyPolicy.tokenizer().encode("abc")
    let file = try folder.write(
      "{\"prompt_ids\": \(prompt), \"completion_ids\": \(row["ids"]?.integers ?? [])}\n",
      "ids.jsonl")
    let scored = try attune(
      "score", file, "--model_name_or_path", model, "--temperature", "0.7"
    ).rows[0]
    #expect(
      areClose(
        row["log_probs"]?.doubles ?? [], scored["log_probs"]?.doubles ?? [.nan], within: 1e-4))
  }

  @Test("an output file holds what standard output would")
  func output() throws {
    let path = folder.path("out.jsonl")
    #expect(try run("--prompt", "a", "--output", path).output == "")
    #expect(try folder.text("out.jsonl") == run("--prompt", "a", "--json").output)
  }

  @Test(
    "settings that cannot be are usage errors",
    arguments: [
      (["--prompt", "a", "--dataset_path", "x"], "--prompt, --dataset_path and --dataset_name"),
      (["--prompt", "a", "--top_p", "0"], "--top_p: expected above 0 to 1"),
      (["--prompt", "a", "--max_new_tokens", "0"], "--max_new_tokens: expected at least 1"),
      (["--prompt", "a", "--do_sample", "perhaps"], "--do_sample: expected true or false"),
      (["--prompt", "a", "--typical_p", "0"], "--typical_p: expected above 0 to 1, found 0.0"),
      (
        ["--prompt", "a", "--no_repeat_ngram_size", "-1"],
        "--no_repeat_ngram_size: expected at least 0"
      ),
      (["--prompt", "a", "--bad_words_ids", "[5"], "--bad_words_ids: expected JSON, found [5"),
      (["--prompt", "a", "--bad_words_ids", "5"], "--bad_words_ids: expected a list of lists"),
      (
        ["--prompt", "a", "--suppress_tokens", "1,9999"],
        "--suppress_tokens: expected token ids from 0 to"
      ),
      (["--prompt", "a", "--num_beams", "0"], "--num_beams: expected at least 1"),
      (
        ["--prompt", "a", "--early_stopping", "soon"],
        "--early_stopping: expected true, false or never"
      ),
      (["--prompt", "a", "--max_length", "1"], "--max_length: a prompt has 1 tokens"),
    ])
  func usage(options: [String], message: String) throws {
    let result = try attune(["generate", "--model_name_or_path", model] + options)
    #expect(result.status == 2)
    #expect(result.errors.contains(message), "\(result.errors)")
  }

  @Test("a row without a prompt is named with its line")
  func missingPrompt() throws {
    let file = try folder.write("{\"prompt\": \"a\"}\n{\"text\": \"b\"}\n", "rows.jsonl")
    let result = try run("--dataset_path", file)
    #expect(result.status == 3)
    #expect(result.errors.contains("rows.jsonl:2: prompt: missing"))
    let empty = try run("--dataset_path", try folder.write("{\"prompt\": \"\"}", "empty.jsonl"))
    #expect(empty.status == 3)
    #expect(empty.errors.contains("empty.jsonl:1: prompt: is empty"))
  }

  @Test("a prompt that fills the model's length is refused with both numbers")
  func tooLong() throws {
    let small = try TinyPolicy.write(in: folder, "small", maximumLength: 8)
    let result = try attune(
      "generate", "--model_name_or_path", small, "--prompt", "twelve bytes")
    #expect(result.status == 2)
    #expect(result.errors.contains("the prompt has 12 tokens, and the model takes 8"))
  }

  @Test("standard input is rows where its first line is an object, else one prompt")
  func standardInput() throws {
    #expect(try StandardInputPrompts.rows(of: "Once upon\na time") == nil)
    let rows = try StandardInputPrompts.rows(of: "\n{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n")
    #expect(rows?.map(\.place.line) == [2, 3])
    #expect(throws: FeedbackError.self) { try StandardInputPrompts.rows(of: "{}\nno object\n") }
  }
}
