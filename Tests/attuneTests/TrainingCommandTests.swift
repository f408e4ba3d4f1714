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
