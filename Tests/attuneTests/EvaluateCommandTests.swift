// SPDX-License-Identifier: Apache-2.0

import Environments
import Feedback
import Foundation
import Testing
import Tokenizers

@testable import attune

@Suite("attune evaluate")
struct EvaluateCommandTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func figure(_ model: JSONValue, _ metric: String) -> Double? {
    model["metrics"]?[metric]?["value"]?.double
  }

  @Test("policies on the village: the same model ties with itself at no distance, another does not")
  func policies() throws {
    let a = try TinyPolicy.write(in: folder, "a", seed: 1)
    let b = try TinyPolicy.write(in: folder, "b", seed: 2)
    let reward = try TinyPolicy.writeRewardModel(in: folder)
    let result = try attune(
      "evaluate", "--model_name_or_path", "one=\(a),same=\(a),other=\(b)", "--ref_model", a,
      "--reward_model", reward, "--task", "digest", "--max_samples", "4", "--max_new_tokens", "8",
      "--win_by", "reward", "--bootstrap_draws", "50", "--json", "--output",
      folder.path("results.json"), "--completions_output", folder.path("completions.jsonl"))
    #expect(result.status == 0, "\(result.errors)")
    let object = try JSONValue(parsing: result.output)
    #expect(try JSONValue(parsing: folder.text("results.json")) == object)
    let models = try #require(object["models"]?.array)
    #expect(models.map { $0["model"] } == ["one", "same", "other"])
    #expect(figure(models[0], "win_rate") == nil)
    #expect(figure(models[1], "win_rate") == 0.5)
    #expect(abs(figure(models[1], "kl") ?? .nan) < 1e-3)
    #expect((figure(models[2], "kl") ?? 0) > 0.1)
    #expect(figure(models[0], "reward") == figure(models[1], "reward"))
    #expect(figure(models[0], "reward") != figure(models[2], "reward"))
    #expect(figure(models[0], "rougeL") != nil && figure(models[0], "gold") != nil)

    let rows = try folder.text("completions.jsonl").split(separator: "\n").compactMap {
      try JSONValue(parsing: String($0)).object
    }
    #expect(rows.count == 12)
    let village = Millbrook(seed: 7)
    for row in rows {
      let id = try #require(row["id"]?.string)
      let item = try village.item(id: id)
      #expect(item.split == .test)
      let score = try village.task("digest").score(item, row["completion"]?.string ?? "")
      #expect(row["gold"]?.double == score.utility)
    }
  }

  @Test("rewards are those that `score` gives prompt and completion")
  func rewards() throws {
    let a = try TinyPolicy.write(in: folder, "a")
    let reward = try TinyPolicy.writeRewardModel(in: folder)
    let prompts = try folder.write(
      "{\"prompt\": \"ab\", \"reference\": \"x y\"}\n{\"prompt\": \"cd\", \"reference\": \"x\"}\n",
      "prompts.jsonl")
    let result = try attune(
      "evaluate", "--model_name_or_path", a, "--reward_model", reward, "--dataset_path", prompts,
      "--max_new_tokens", "5", "--temperature", "0", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let models = try #require(try JSONValue(parsing: result.output)["models"]?.array)
    let drawn = try attune(
      "generate", "--model_name_or_path", a, "--dataset_path", prompts, "--max_new_tokens", "5",
      "--temperature", "0"
    ).rows
    let tokenizer = try TinyPolicy.tokenizer()
    let ids = drawn.map { row in
      let prompt = tokenizer.encode(row["prompt"]?.string ?? "")
      return "{\"prompt_ids\": \(prompt), \"completion_ids\": \(row["ids"]?.integers ?? [])}"
    }
    let file = try folder.write(ids.joined(separator: "\n"), "ids.jsonl")
    let scores = try attune("score", file, "--model_name_or_path", reward).rows
      .compactMap { $0["score"]?.double }
    let mean = scores.reduce(0, +) / 2
    #expect(areClose([figure(models[0], "reward") ?? .nan], [mean], within: 1e-4))
    #expect(figure(models[0], "rouge1") != nil)
    #expect(figure(models[0], "gold") == nil)
  }

  @Test("the table names each model and its metrics")
  func table() throws {
    let a = try TinyPolicy.write(in: folder, "first")
    let result = try attune(
      "evaluate", "--model_name_or_path", a, "--task", "digest", "--max_samples", "2",
      "--max_new_tokens", "3", "--bootstrap_draws", "20")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.lines[0] == "2 prompts")
    #expect(result.lines[1].hasPrefix("model"))
    #expect(result.lines[1].contains("gold"))
    #expect(result.lines.contains { $0.hasPrefix("first") })
  }

  @Test("accuracy of a reward model is the share of positive margins that `score` gives")
  func rewardModel() throws {
    let reward = try TinyPolicy.writeRewardModel(in: folder)
    let pairs = (0..<20).map { index in
      "{\"prompt\": \"p\(index)\", \"chosen\": \"good \(index * 7)\", \"rejected\": \"bad\"}"
    }
    let file = try folder.write(pairs.joined(separator: "\n"), "pairs.jsonl")
    let result = try attune(
      "evaluate", "--model_name_or_path", reward, "--dataset_path", file, "--json")
    #expect(result.status == 0, "\(result.errors)")
    let model = try #require(try JSONValue(parsing: result.output)["models"]?.array?.first)
    let margins = try attune("score", file, "--model_name_or_path", reward).rows
      .compactMap { $0["margin"]?.double }
    #expect(margins.count == 20)
    let right = margins.reduce(0.0) { $0 + ($1 > 0 ? 1 : $1 == 0 ? 0.5 : 0) } / 20
    #expect(model["accuracy"]?["value"]?.double == right)
    #expect(
      areClose(
        [model["margin_mean"]?.double ?? .nan], [margins.reduce(0, +) / 20], within: 1e-4))
    #expect(model["by_length"]?["chosen_longer"]?["count"] == 20)
    let error = try #require(model["calibration_error"]?["value"]?.double)
    #expect((0...1).contains(error))
  }

  @Test("perplexity and bits per byte follow from the log-probs that `score` gives")
  func perplexity() throws {
    let a = try TinyPolicy.write(in: folder, "a")
    let texts = ["abc", "a longer text", "é"]
    let file = try folder.write(
      texts.map { "{\"text\": \"\($0)\"}" }.joined(separator: "\n"), "texts.jsonl")
    let result = try attune(
      "evaluate", "--model_name_or_path", a, "--dataset_path", file, "--json")
    #expect(result.status == 0, "\(result.errors)")
    let model = try #require(try JSONValue(parsing: result.output)["models"]?.array?.first)
    let rows = try attune("score", file, "--model_name_or_path", a).rows
    let nats = -rows.reduce(0) { $0 + ($1["log_prob"]?.double ?? .nan) }
    let count = rows.reduce(0) { $0 + ($1["token_count"]?.integer ?? 0) }
    let bytes = texts.reduce(0) { $0 + $1.utf8.count }
    #expect(model["tokens"]?.integer == count)
    #expect(
      areClose(
        [model["perplexity"]?["value"]?.double ?? .nan], [exp(nats / Double(count))], within: 1e-2))
    #expect(
      areClose(
        [model["bits_per_byte"]?["value"]?.double ?? .nan],
        [nats / (Double(bytes) * log(2.0))], within: 1e-4))
  }

  @Test(
    "what cannot be compared is refused",
    arguments: [
      (["--model_name_or_path", "MODEL"], "give one of --dataset_path, --dataset_name and --task"),
      (["--task", "digest"], "missing --model_name_or_path"),
      (
        ["--task", "digest", "--model_name_or_path", "a=MODEL", "--baseline", "b"],
        "--baseline: no model is called 'b'"
      ),
      (
        ["--task", "digest", "--model_name_or_path", "MODEL,MODEL"],
        "two models are called 'model'"
      ),
      (
        ["--task", "digest", "--model_name_or_path", "MODEL,REWARD"],
        "language models and reward models cannot be compared"
      ),
      (
        ["--task", "digest", "--model_name_or_path", "MODEL", "--win_by", "reward"],
        "--win_by: there is no score 'reward'; there are: gold"
      ),
      (["--task", "digest", "--model_name_or_path", "REWARD"], "give --dataset_path"),
      (["--task", "tales", "--model_name_or_path", "MODEL"], "tales"),
    ])
  func usage(options: [String], message: String) throws {
    let model = try TinyPolicy.write(in: folder)
    let reward = try TinyPolicy.writeRewardModel(in: folder)
    let arguments = options.map {
      $0.replacing("MODEL", with: model).replacing("REWARD", with: reward)
    }
    let result = try attune(["evaluate"] + arguments)
    #expect(result.status == 2)
    #expect(result.errors.contains(message), "\(result.errors)")
  }
}
