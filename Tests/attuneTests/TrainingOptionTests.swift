// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import LanguageModels
import Testing

@testable import attune

/// Each option through its command, on a tiny model: what it changes can be seen in the run's folder.
@Suite("Options of the training commands")
struct TrainingOptionTests {
  private let folder: TemporaryFolder
  private let model: String
  private let pairs: String

  init() throws {
    folder = try TemporaryFolder()
    model = try TinyPolicy.write(in: folder)
    pairs = try folder.write(
      (0..<12).map {
        "{\"prompt\": \"q \($0)\", \"chosen\": \" yes \($0 % 5)\", \"rejected\": \" no \($0 % 3)\"}"
      }.joined(separator: "\n"), "pairs.jsonl")
  }

  /// Runs a command of two steps of 4 rows into `run`.
  private func train(_ method: String, _ arguments: [String] = []) throws -> CommandResult {
    var words = [
      method, "--output_dir", folder.path("run"), "--max_steps", "2", "--logging_steps", "1",
      "--per_device_train_batch_size", "4", "--learning_rate", "0.001", "--threads", "1",
    ]
    if method != "pretrain" { words += ["--model_name_or_path", model] }
    if !arguments.contains("--dataset_path") { words += ["--dataset_path", pairs] }
    if ["ppo", "grpo", "rloo", "reinforce"].contains(method) {
      words += ["--reward_funcs", "count:\(try folder.write("a\ne\n", "words.txt"))"]
      if method == "ppo" { words += ["--rollout_batch_size", "8", "--num_ppo_epochs", "1"] }
      if method == "grpo" { words += ["--num_generations", "2"] }
      if !arguments.contains("--response_length") { words += ["--max_completion_length", "4"] }
    }
    return try attune(words + arguments)
  }

  private func metrics() throws -> [[String: Double]] {
    try folder.text("run/metrics.jsonl").split(separator: "\n").map { line in
      let object = try #require(try JSONValue(parsing: String(line)).object)
      return Dictionary(
        uniqueKeysWithValues: object.compactMap { key, value in
          value.double.map { (key, $0) }
        })
    }
  }

  private func names(_ path: String = "run") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path(path)).sorted()
  }

  private func evaluationSteps() throws -> [Double] {
    try metrics().filter { $0["eval_loss"] != nil }.compactMap { $0["step"] }
  }

  private func checkpoints() throws -> [String] {
    try names().filter { $0.hasPrefix("checkpoint-") }
  }

  // MARK: Evaluation and saving

  @Test("save_strategy and eval_strategy choose steps, epochs, the best, or nothing")
  func strategies() throws {
    let shared = ["--max_steps", "4", "--test_split_size", "4", "--overwrite_output_dir", "true"]
    // 8 rows are left, so an epoch has 2 steps.
    let steps = try train("sft", shared + ["--save_steps", "3", "--eval_steps", "1"])
    #expect(steps.status == 0, "\(steps.errors)")
    #expect(try evaluationSteps() == [1, 2, 3, 4])
    #expect(try checkpoints() == ["checkpoint-3", "checkpoint-4"])
    let epochs = try train(
      "sft", shared + ["--save_strategy", "epoch", "--eval_strategy", "epoch"])
    #expect(epochs.status == 0, "\(epochs.errors)")
    #expect(try evaluationSteps() == [2, 4])
    #expect(try checkpoints() == ["checkpoint-2", "checkpoint-4"])
    let best = try train("sft", shared + ["--save_strategy", "best", "--eval_strategy", "epoch"])
    #expect(best.status == 0, "\(best.errors)")
    #expect(try checkpoints().contains("checkpoint-2"))
    let none = try train("sft", shared + ["--save_strategy", "no", "--eval_strategy", "no"])
    #expect(none.status == 0, "\(none.errors)")
    #expect(try evaluationSteps() == [])
    #expect(try checkpoints() == [])
    #expect(try names().contains("model.safetensors"))
  }

  @Test("per_device_eval_batch_size changes no number", arguments: ["sft", "reward", "dpo"])
  func evaluationBatchSize(method: String) throws {
    let losses = try ["0", "1", "3"].map { size in
      let result = try train(
        method, ["--test_split_size", "4", "--per_device_eval_batch_size", size])
      #expect(result.status == 0, "\(result.errors)")
      return try #require(try metrics().compactMap { $0["eval_loss"] }.last)
    }
    #expect(areClose(losses, [losses[0], losses[0], losses[0]], within: 1e-5))
  }

  // MARK: The run

  @Test("dry_run tells time and memory, shows an example, and writes nothing")
  func dryRun() throws {
    for method in ["sft", "reward", "dpo", "ppo", "grpo", "rloo", "reinforce"] {
      let result = try train(method, ["--dry_run", "--max_steps", "77"])
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("projected: 77 steps in about "), "\(result.errors)")
      #expect(result.errors.contains("example (⟨without loss⟩): "), "\(result.errors)")
      #expect(result.errors.contains("MiB at most so far"))
      #expect(!FileManager.default.fileExists(atPath: folder.path("run")), "\(method)")
    }
  }

  @Test("the start-up block tells the name of the run and how much memory is known beforehand")
  func announcement() throws {
    let result = try train("dpo", ["--run_name", "first try"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("run:       first try\n"), "\(result.errors)")
    #expect(result.errors.contains("MiB for weights, gradients and optimizer"))
    #expect(try folder.text("run/run.json").contains(#""run_name": "first try""#))
    #expect(try folder.text("run/README.md").contains("# first try"))
  }

  @Test("logging_dir takes the event files and turns them on, unless report_to says none")
  func eventsFolder() throws {
    #expect(try train("sft", ["--logging_dir", folder.path("events")]).status == 0)
    #expect(try names("events").count == 1)
    #expect(try !names().contains("tensorboard"))
    let none = try train(
      "sft", ["--logging_dir", folder.path("other"), "--report_to", "none"])
    #expect(none.status == 0)
    #expect(!FileManager.default.fileExists(atPath: folder.path("other")))
    #expect(try train("sft", ["--report_to", "jsonl,tensorboard"]).status == 0)
    #expect(try names("run/tensorboard").count == 1)
  }

  @Test("overwrite_output_dir removes an earlier run's files instead of keeping them")
  func overwriting() throws {
    #expect(try train("sft", ["--save_steps", "1"]).status == 0)
    #expect(try train("sft", ["--save_strategy", "no"]).status == 0)
    #expect(try names().contains("checkpoints.1"))
    #expect(try names().contains("metrics.1.jsonl"))
    let last = try train("sft", ["--overwrite_output_dir", "--save_strategy", "no"])
    #expect(last.status == 0)
    #expect(try !names().contains { $0.hasPrefix("checkpoint") || $0 == "metrics.1.jsonl" })
    let both = try train("sft", ["--overwrite_output_dir", "--resume_from_checkpoint", "true"])
    #expect(both.status == 2)
    #expect(both.errors.contains("a run cannot go on from what it removes"))
  }

  @Test("disable_dropout leaves an adapter's dropout out, by default in dpo and not in sft")
  func dropout() throws {
    func losses(_ command: String, _ options: [String]) throws -> [Double?] {
      // DPO's first loss is ln 2 with dropout or without: the adapter begins at nothing.
      let adapter = ["--use_peft", "--lora_dropout", "0.5", "--learning_rate", "0.05"]
      let result = try train(command, adapter + ["--overwrite_output_dir"] + options)
      #expect(result.status == 0, "\(result.errors)")
      return try metrics().map { $0["loss"] }
    }
    for (command, leavesOut) in [("sft", "false"), ("dpo", "true"), ("reward", "true")] {
      let off = try losses(command, ["--disable_dropout", "true"])
      let on = try losses(command, ["--disable_dropout", "false"])
      #expect(off != on)
      let standard = try losses(command, [])
      #expect(standard == (leavesOut == "true" ? off : on))
    }
  }

  @Test("tokenizer_name_or_path names another tokenizer, which must fit the model")
  func tokenizer() throws {
    let other = try TinyTokenizer.write(in: folder)
    for method in ["sft", "reward", "dpo", "ppo", "grpo", "rloo", "reinforce"] {
      let result = try train(method, ["--tokenizer_name_or_path", other])
      #expect(result.status == 0, "\(result.errors)")
      #expect(
        try folder.text("run/tokenizer.json").contains("\"<s>\""), "\(method)")
    }
    let missing = try train("sft", ["--tokenizer_name_or_path", folder.path("nowhere")])
    #expect(missing.status == 4)
  }

  // MARK: Data

  @Test("files named by split are learnt from and held out")
  func splits() throws {
    let rows = try folder.text("pairs.jsonl").split(separator: "\n")
    try FileManager.default.createDirectory(
      atPath: folder.path("data"), withIntermediateDirectories: true)
    _ = try folder.write(rows[..<6].joined(separator: "\n"), "data/train-1.jsonl")
    _ = try folder.write(rows[6..<8].joined(separator: "\n"), "data/train-2.jsonl")
    _ = try folder.write(rows[8..<10].joined(separator: "\n"), "data/test.jsonl")
    _ = try folder.write(rows[10...].joined(separator: "\n"), "data/dev.jsonl")
    let data = ["--dataset_path", folder.path("data")]
    let plain = try train("dpo", data)
    #expect(plain.status == 0, "\(plain.errors)")
    #expect(plain.errors.contains("preference, plain text, 8 rows"), "\(plain.errors)")
    #expect(plain.errors.contains("preference, plain text, 2 rows"))
    #expect(try evaluationSteps() == [2])
    let named = try train(
      "dpo", data + ["--dataset_train_split", "dev", "--dataset_test_split", "train"])
    #expect(named.errors.contains("split train, held out: "), "\(named.errors)")
    #expect(named.errors.contains("not read"))
    let pattern = try train("dpo", ["--dataset_path", folder.path("data/train-*.jsonl")])
    #expect(pattern.errors.contains("preference, plain text, 8 rows"))
    let wrong = try train("dpo", data + ["--dataset_test_split", "gold"])
    #expect(wrong.status == 2)
    #expect(wrong.errors.contains("no file is named by the split 'gold'"), "\(wrong.errors)")
    let both = try train("dpo", data + ["--dataset_test_split", "dev", "--test_split_size", "0.5"])
    #expect(both.status == 2)
    #expect(both.errors.contains("give one of them"))
  }

  @Test("pretraining takes files named by split too")
  func pretrainingSplits() throws {
    let text = String(repeating: "{\"text\": \"once a mill stood by the river\"}\n", count: 40)
    try FileManager.default.createDirectory(
      atPath: folder.path("texts"), withIntermediateDirectories: true)
    _ = try folder.write(text, "texts/train.jsonl")
    _ = try folder.write(text, "texts/valid.jsonl")
    let small = [
      "--dataset_path", folder.path("texts"), "--vocab_size", "270", "--hidden_size", "16",
      "--intermediate_size", "32", "--num_hidden_layers", "1", "--num_attention_heads", "2",
      "--max_length", "16",
    ]
    let result = try train("pretrain", small + ["--dataset_test_split", "validation"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(try evaluationSteps() == [2])
    let dry = try train("pretrain", small + ["--dry_run", "--show_examples", "2"])
    #expect(dry.errors.components(separatedBy: "example (").count == 3, "\(dry.errors)")
    let village = try train(
      "pretrain", ["--dataset_path", "", "--dataset_test_split", "dev"])
    #expect(village.status == 2)
  }

  @Test("row weights change the loss, and rows of weight 0 are left out and counted")
  func weights() throws {
    let rows = try folder.text("pairs.jsonl").split(separator: "\n").map { $0.dropLast() }
    func write(_ name: String, _ weight: (Int) -> Double) throws -> String {
      try folder.write(
        rows.enumerated().map { "\($1), \"weight\": \(weight($0))}" }.joined(separator: "\n"),
        name)
    }
    let ones = try write("ones.jsonl") { _ in 1 }
    let mixed = try write("mixed.jsonl") { $0 % 3 == 0 ? 0 : Double($0 % 3) * 2 }
    for method in ["sft", "reward", "dpo"] {
      let shared = ["--per_device_train_batch_size", "12", "--shuffle_dataset", "false"]
      let columns = method == "sft" ? ["--columns", "completion=chosen"] : []
      func loss(_ path: String) throws -> Double {
        let result = try train(method, shared + columns + ["--dataset_path", path])
        #expect(result.status == 0, "\(result.errors)")
        if path == mixed {
          #expect(result.errors.contains("4 of 12 rows dropped: weight 0"), "\(result.errors)")
        }
        return try #require(try metrics()[1]["loss"])
      }
      let plain = try loss(pairs)
      #expect(try loss(ones) == plain, "\(method)")
      #expect(try abs(loss(mixed) - plain) > 1e-6, "\(method)")
    }
    let ppo = try train("ppo", ["--dataset_path", mixed])
    #expect(ppo.errors.contains("column weight: not used by ppo"), "\(ppo.errors)")
  }

  @Test("assistant_only_loss decides what is learnt of conversations")
  func assistantOnly() throws {
    let chat = try folder.write(
      #"{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]}"#,
      "chat.jsonl")
    func shown(_ arguments: String...) throws -> String {
      let result = try train(
        "sft", ["--dataset_path", chat, "--show_examples", "1", "--max_steps", "1"] + arguments)
      #expect(result.status == 0, "\(result.errors)")
      let start = try #require(result.errors.range(of: "example (⟨without loss⟩): "))
      return String(result.errors[start.upperBound...].prefix { $0 != "|" })
    }
    let turns = "⟨User: hi\n\nAssistant:⟩ yo<"
    let all = "⟨U⟩ser: hi\n\nAssistant: yo<"
    #expect(try shown() == turns)
    #expect(try shown("--assistant_only_loss", "false") == all)
    #expect(try shown("--completion_only_loss", "false") == all)
    #expect(try shown("--completion_only_loss", "false", "--assistant_only_loss") == turns)
  }

  // MARK: Methods

  @Test("reference_free counts the reference as 0, and has no use for one")
  func referenceFree() throws {
    let result = try train("dpo", ["--reference_free"])
    #expect(result.status == 0, "\(result.errors)")
    let first = try #require(try metrics().first)
    let reward = try #require(first["rewards/chosen"])
    let logProb = try #require(first["logps/chosen"])
    #expect(abs(reward - 0.1 * logProb) < 1e-5 && logProb < -1)
    #expect(try train("dpo").status == 0)
    #expect(try metrics().first?["rewards/chosen"] == 0)
    let both = try train("dpo", ["--reference_free", "--ref_model", model])
    #expect(both.status == 2)
    #expect(both.errors.contains("--reference_free has no use for --ref_model"))
  }

  @Test("ppo takes stop_token, response_length, max_prompt_length and its batch sizes")
  func ppo() throws {
    let result = try train(
      "ppo",
      [
        "--stop_token", "e", "--response_length", "6", "--log_completions",
        "--local_rollout_forward_batch_size", "3", "--max_prompt_length", "3",
        "--shuffle_dataset", "false", "--max_steps", "1",
      ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("2 of 12 rows dropped: prompt fills max_length"))
    let rows = try folder.text("run/completions/step_000001.jsonl").split(separator: "\n").map {
      try #require(try JSONValue(parsing: String($0)).object)
    }
    #expect(rows.compactMap { $0["prompt"]?.string } == (0..<8).map { "q \($0)" })
    #expect(rows.allSatisfy { ($0["length"]?.integer ?? 99) <= 6 })
    for row in rows {
      let isStopped = row["stop_reason"]?.string == "stop"
      #expect((row["completion"]?.string?.hasSuffix("e") ?? false) == isStopped)
    }
    #expect(try folder.text("run/config.yaml").contains("max_completion_length: 6\n"))
    let negative = try train("ppo", ["--local_rollout_forward_batch_size=-1"])
    #expect(negative.status == 2)
    let long = try train("ppo", ["--stop_token", "two tokens"])
    #expect(long.status == 2)
    #expect(long.errors.contains("stop_token"), "\(long.errors)")
  }

  @Test("ppo evaluates on held-out prompts")
  func ppoEvaluation() throws {
    let result = try train("ppo", ["--test_split_size", "3", "--eval_steps", "1"])
    #expect(result.status == 0, "\(result.errors)")
    let evaluations = try metrics().filter { $0["eval_objective/scores"] != nil }
    #expect(evaluations.count == 2)
  }

  // MARK: Everywhere

  @Test("every new option is in the help with its default, in a YAML file, and in print_config")
  func everywhere() throws {
    let shared = [
      "overwrite_output_dir": "false", "dry_run": "false", "save_strategy": "epoch",
      "eval_strategy": "no", "per_device_eval_batch_size": "3", "disable_dropout": "true",
      "run_name": "a", "logging_dir": "b", "dataset_train_split": "c", "dataset_test_split": "d",
      "tokenizer_name_or_path": "e",
    ]
    let own = [
      "sft": ["assistant_only_loss": "true"],
      "grpo": [
        "num_generations": "4", "beta": "0.04", "loss_type": "dr_grpo", "scale_rewards": "none",
        "epsilon": "0.1", "epsilon_high": "0.28", "num_iterations": "2",
        "steps_per_generation": "2", "mask_truncated_completions": "true",
        "importance_sampling_level": "sequence", "max_prompt_length": "8",
      ], "rloo": ["num_generations": "4", "beta": "0.1", "normalize_advantages": "true"],
      "reinforce": ["kl_coef": "0.1", "gamma": "0.9", "group_baseline": "true"],
      "dpo": ["reference_free": "true"],
      "ppo": [
        "stop_token": "f", "response_length": "7", "max_prompt_length": "8",
        "local_rollout_forward_batch_size": "9",
      ], "reward": [:], "pretrain": ["dataset_path": "x"],
    ]
    for (method, more) in own {
      let help = try attune(method, "--help").output
      let options = shared.merging(more) { $1 }
      for name in options.keys { #expect(help.contains("--\(name)"), "\(method) \(name)") }
      for part in ["(default: 0)", "(default: false)"] {
        #expect(help.contains(part), "\(method) \(part)")
      }
      let yaml = options.map { "\($0): \($1)\n" }.sorted().joined()
      let file = try folder.write(
        yaml + "output_dir: o\n" + (method == "pretrain" ? "" : "model_name_or_path: m\n"),
        "\(method).yaml")
      let printed = try attune(method, "--config", file, "--print_config")
      #expect(printed.status == 0, "\(printed.errors)")
      for (name, value) in options where name != "dataset_path" {
        let declared =
          ["response_length": "max_completion_length", "kl_coef": "beta"][name] ?? name
        #expect(
          printed.lines.contains { $0 == "\(declared): \(value)" }, "\(method) \(name)")
      }
    }
  }

  @Test("the metrics are those the field knows")
  func metricNames() throws {
    let expected = [
      "sft": [
        "perplexity", "mean_token_accuracy", "entropy", "eval_perplexity", "shared_token_share",
      ],
      "reward": ["accuracy", "chosen_rewards", "eval_calibration_error", "shared_token_share"],
      "dpo": [
        "logits/chosen", "logits/rejected", "entropy", "beta", "eval_logits/chosen",
        "eval_entropy", "shared_token_share",
      ],
    ]
    for (method, names) in expected {
      let result = try train(method, ["--test_split_size", "4"])
      #expect(result.status == 0, "\(result.errors)")
      let found = try Set(metrics().flatMap(\.keys))
      #expect(names.filter { !found.contains($0) } == [], "\(method)")
    }
    let commit = try #require(
      try JSONValue(parsing: folder.text("run/run.json")).object?["git_commit"])
    #expect(commit == .null || (commit.string?.count ?? 0) >= 40)
  }
}
