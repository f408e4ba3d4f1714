// SPDX-License-Identifier: Apache-2.0

import Feedback
import Foundation
import LanguageModels
import Testing
import Torch

@testable import attune

/// `grpo`, `rloo` and `reinforce` on a tiny model.
@Suite("Commands without a critic")
struct PolicyGradientCommandTests {
  private let folder: TemporaryFolder
  private let model: String
  private let prompts: String
  private let words: String

  init() throws {
    folder = try TemporaryFolder()
    model = try TinyPolicy.write(in: folder)
    prompts = try folder.write(
      (0..<12).map { "{\"prompt\": \"q \($0)\", \"answer\": \"\($0 % 2)\"}" }
        .joined(separator: "\n"), "prompts.jsonl")
    words = try folder.write("a\ne\n", "words.txt")
  }

  private func train(_ method: String, _ arguments: [String] = [], to run: String = "run") throws
    -> CommandResult
  {
    var words = [
      method, "--model_name_or_path", model, "--dataset_path", prompts, "--output_dir",
      folder.path(run), "--logging_steps", "1", "--learning_rate", "0.01", "--threads", "1",
      "--max_completion_length", "6",
    ]
    if !arguments.contains("--max_steps") { words += ["--max_steps", "2"] }
    if !arguments.contains("--reward_funcs") { words += ["--reward_funcs", "count:\(self.words)"] }
    if !arguments.contains("--num_generations") { words += ["--num_generations", "4"] }
    return try attune(words + arguments)
  }

  private func metrics(_ run: String = "run") throws -> [[String: Double]] {
    try folder.text("\(run)/metrics.jsonl").split(separator: "\n").map { line in
      let object = try #require(try JSONValue(parsing: String(line)).object)
      return Dictionary(
        uniqueKeysWithValues: object.compactMap { key, value in
          value.double.map { (key, $0) }
        })
    }
  }

  @Test(
    "each trains, logs rewards and leaves a model with its card",
    arguments: ["grpo", "rloo", "reinforce", "reinforce++", "reinforce-plus-plus"])
  func trains(method: String) throws {
    let result = try train(
      method,
      [
        "--report_to", "tensorboard", "--log_completions", "--num_completions_to_print", "1",
        "--test_split_size", "3", "--eval_steps", "1",
      ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("4 completions each; rewards: words"), "\(result.errors)")
    #expect(result.errors.contains("8 x 1 = 8 rows a step"), "\(result.errors)")
    let lines = try metrics()
    #expect(lines.count { $0["reward"] != nil } == 2)
    #expect(lines.count { $0["eval_reward"] != nil } == 2)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("run"))
    for name in ["model.safetensors", "tensorboard", "completions", "README.md"] {
      #expect(names.contains(name), "\(name)")
    }
    #expect(try folder.text("run/README.md").contains("arXiv:"))
  }

  @Test(
    "every loss runs, alone and with the other options",
    arguments: ["grpo", "dr_grpo", "dapo", "bnpo", "cispo", "sapo", "luspo"])
  func losses(type: String) throws {
    let plain = try train("grpo", ["--loss_type", type])
    #expect(plain.status == 0, "\(plain.errors)")
    let busy = try train(
      "grpo",
      [
        "--loss_type", type, "--beta", "0.1", "--num_iterations", "2", "--epsilon_high", "0.28",
        "--scale_rewards", "batch", "--mask_truncated_completions", "--dynamic_sampling_rounds",
        "1", "--overlong_cache", "2", "--off_policy_mask_threshold", "0.5",
        "--gradient_accumulation_steps", "2", "--steps_per_generation", "4",
        "--local_rollout_forward_batch_size", "3", "--missing_eos_penalty", "0.1",
        "--multi_objective_aggregation", "normalize_then_sum", "--importance_sampling_level",
        "sequence",
      ])
    #expect(busy.status == 0, "\(busy.errors)")
    #expect(try metrics().allSatisfy { $0.values.allSatisfy { $0.isFinite } })
  }

  @Test("settings in a file are those on the command line, and a resumed run is the unbroken one")
  func resumes() throws {
    let yaml = try folder.write(
      """
      model_name_or_path: \(model)
      dataset_path: \(prompts)
      reward_funcs: [count:\(words)]
      num_generations: 4
      per_device_train_batch_size: 4
      gradient_accumulation_steps: 2
      max_completion_length: 6
      learning_rate: 0.01
      lr_scheduler_type: constant
      beta: 0.05
      save_steps: 2
      logging_steps: 1
      threads: 1
      """, "run.yaml")
    let whole = try attune(
      "grpo", "--config", yaml, "--output_dir", folder.path("whole"), "--max_steps", "4")
    #expect(whole.status == 0, "\(whole.errors)")
    let first = try attune(
      "grpo", "--config", yaml, "--output_dir", folder.path("parts"), "--max_steps", "2")
    #expect(first.status == 0, "\(first.errors)")
    let second = try attune(
      "grpo", "--config", yaml, "--output_dir", folder.path("parts"), "--max_steps", "4",
      "--resume_from_checkpoint")
    #expect(second.status == 0, "\(second.errors)")
    let bytes = try ["whole", "parts"].map {
      try Data(contentsOf: URL(filePath: folder.path("\($0)/model.safetensors")))
    }
    #expect(bytes[0] == bytes[1])
    #expect(
      try metrics("whole").compactMap { $0["loss"] } == metrics("parts").compactMap { $0["loss"] })
    let other = try attune(
      "grpo", "--config", yaml, "--output_dir", folder.path("parts"), "--max_steps", "4",
      "--resume_from_checkpoint", "--beta", "0.1")
    #expect(other.status == 2)
    #expect(other.errors.contains("beta: 0.05"), "\(other.errors)")
  }

  @Test("an adapter is trained, and its base is the reference", arguments: ["grpo", "rloo"])
  func adapter(method: String) throws {
    let result = try train(method, ["--use_peft", "--beta", "0.05"])
    #expect(result.status == 0, "\(result.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("run"))
    #expect(names.contains("adapter_model.safetensors"))
    let kl = try metrics().compactMap { $0["kl"] }
    #expect(kl[0].magnitude < 1e-6 && kl[1] > 0)
  }

  @Test("rewards have weights, see other columns, and may be missing")
  func programs() throws {
    let script = try folder.write(
      """
      import sys, json
      for index, line in enumerate(sys.stdin):
          row = json.loads(line)
          score = None if row["answer"] == "1" else len(row["completion"])
          print(json.dumps({"score": score}), flush=True)
      """, "score.py")
    let result = try train(
      "grpo",
      [
        "--reward_funcs", "program:python3 \(script)", "--per_device_train_batch_size", "48",
        "--log_completions",
      ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("reward 'program' gave no score for 24 of 48"))
    let line = try #require(try metrics().first)
    #expect(line["rewards/program/missing"] == 24)
    #expect(line["frac_reward_zero_std"].map { $0 >= 0.5 } == true)
    let weighed = try train(
      "grpo",
      [
        "--reward_funcs", "count:\(words)", "--reward_funcs", "words:\(words)",
        "--reward_weights", "2,-1",
      ])
    #expect(weighed.status == 0, "\(weighed.errors)")
    let few = try train("grpo", ["--reward_weights", "2,1"])
    #expect(few.status == 2)
    #expect(few.errors.contains("2 weights for 1 reward functions"))
  }

  @Test("a reward program that fails ends the run and is not a score of 0")
  func failing() throws {
    let script = try folder.write("import sys\nsys.exit(3)\n", "score.py")
    let result = try train("rloo", ["--reward_funcs", "program:python3 \(script)"])
    #expect(result.status == 1)
    #expect(result.errors.contains("scorer 'program'"), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("run/model.safetensors")))
  }

  @Test("rewards that are all alike train nothing and are told")
  func alike() throws {
    let script = try folder.write(
      "import sys\nfor line in sys.stdin:\n  print('{\"score\": 0.1}', flush=True)\n", "score.py")
    let result = try train(
      "grpo", ["--reward_funcs", "program:python3 \(script)", "--max_steps", "4"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("equal rewards, so advantages are zero"), "\(result.errors)")
    #expect(try metrics().compactMap { $0["grad_norm"] } == [0, 0, 0, 0])
    let trained = try ModelFolder(URL(filePath: folder.path("run"))).languageModel().parameters
    let start = try ModelFolder(URL(filePath: model)).languageModel().parameters
    for (one, two) in zip(trained, start) { #expect(one.tensor.floats == two.tensor.floats) }
  }
}
