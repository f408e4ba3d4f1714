// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import attune

@Suite("Training commands")
struct TrainingCommandTests {
  private func settings(_ arguments: [String]) throws -> [String] {
    let result = try attune(arguments + ["--print_config"])
    #expect(result.status == 0, "\(result.errors)")
    // What names files differs on purpose.
    return result.output.split(separator: "\n").map(String.init).filter { line in
      !["config:", "print_config:", "output_dir:", "dataset_path:", "model_name_or_path:"]
        .contains(where: line.hasPrefix)
    }
  }

  private let recipes = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Recipes")

  @Test("--from_scratch pretrains with the settings of Recipes/base.yaml")
  func firstHalf() throws {
    let file = recipes.appending(path: "base.yaml").path
    let fromFile = try settings(["pretrain", "--config", file, "--output_dir", "a"])
    let builtIn = try settings(["pretrain", "--output_dir", "a"] + BaseModel.recipe)
    #expect(fromFile == builtIn)
  }

  @Test("--from_scratch then learns tasks with the settings of Recipes/base-tasks.yaml")
  func secondHalf() throws {
    let file = recipes.appending(path: "base-tasks.yaml").path
    let start = ["sft", "--model_name_or_path", "m", "--output_dir", "a"]
    let fromFile = try settings(start + ["--config", file])
    let builtIn = try settings(start + BaseModel.tasksRecipe)
    #expect(fromFile == builtIn)
  }

  @Test(
    "settings that make no sense are refused before anything is read",
    arguments: [
      (["dpo", "--beta", "0"], "--beta: expected a number above 0, found 0.0"),
      (["dpo", "--label_smoothing", "0.5"], "--label_smoothing: expected 0 to below 0.5"),
      (["sft", "--learning_rate", "0"], "learning_rate 0.0: expected a number above 0"),
      (["sft", "--per_device_train_batch_size", "0"], "per_device_train_batch_size 0"),
      (["ppo", "--kl_coef", "-1"], "--kl_coef: expected at least 0, found -1.0"),
      (["ppo", "--cliprange", "1.5"], "--cliprange: expected above 0 and below 1"),
      (["grpo", "--num_generations", "1"], "num_generations 1: expected at least 2"),
      (["rloo", "--num_generations", "1"], "num_generations 1: expected at least 2"),
      (["reinforce", "--group_baseline"], "num_generations 1: expected at least 2"),
      (
        ["grpo", "--num_generations", "3"],
        "--num_generations 3: the 8 completions of an update (per_device_train_batch_size 8 x 1) cannot be shared "
          + "out in whole groups; give --num_generations 2, or --gradient_accumulation_steps 3"
      ),
      (
        ["grpo", "--gradient_accumulation_steps", "2", "--steps_per_generation", "3"],
        "--steps_per_generation: expected a multiple of gradient_accumulation_steps 2, found 3"
      ),
      (["grpo", "--per_device_train_batch_size", "0"], "per_device_train_batch_size: expected 1"),
      (["grpo", "--beta", "-1"], "--beta: expected at least 0, found -1.0"),
      (["grpo", "--epsilon", "0"], "--epsilon: expected above 0 and below 1, found 0.0"),
      (["grpo", "--delta", "1.1"], "--delta: expected above 1.2, found 1.1"),
      (["grpo", "--loss_type", "gspo"], "--loss_type: expected one of grpo, dr_grpo, dapo"),
      (["rloo", "--kl_coef", "-1"], "--beta: expected at least 0, found -1.0"),
      (["reinforce", "--gamma", "2"], "--gamma: expected 0 to 1, found 2.0"),
      (["grpo", "--temperature", "0"], "temperature 0.0: expected a number above 0"),
      (["sft", "--lerning_rate", "1"], "did you mean '--learning_rate'"),
      (["sft", "--device", "abacus"], "expected cpu, cuda, cuda:N or mps"),
      (["sft", "--report_to", "crystal_ball"], "'crystal_ball' is unknown"),
    ])
  func refused(_ arguments: [String], _ sentence: String) throws {
    let result = try attune(
      arguments + ["--model_name_or_path", "nowhere", "--output_dir", "nowhere-run"])
    #expect(result.status == 2)
    #expect(result.errors.contains(sentence), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: "nowhere-run"))
  }

  @Test("a model folder that is not there is a model error, exit status 4")
  func noModel() throws {
    let folder = try TemporaryFolder()
    let rows = try folder.write("{\"prompt\": \"a\", \"completion\": \" b\"}\n", "rows.jsonl")
    let result = try attune([
      "sft", "--model_name_or_path", "/no/such/model", "--dataset_path", rows, "--output_dir",
      folder.path("run"),
    ])
    #expect(result.status == 4)
    #expect(result.errors.contains("/no/such/model: not a model folder: there is no such folder"))
  }

  @Test("rows a method cannot use are a data error, exit status 3")
  func wrongRows() throws {
    let folder = try TemporaryFolder()
    let rows = try folder.write("{\"question\": \"a\", \"best\": \" b\"}\n", "rows.jsonl")
    let result = try attune([
      "dpo", "--model_name_or_path", "m", "--dataset_path", rows, "--output_dir",
      folder.path("run"),
    ])
    #expect(result.status == 3)
    #expect(result.errors.contains("question"))
    #expect(result.errors.contains("--columns"))
  }
}
