// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The pretrained model of the village that comes with the program.
enum BaseModel {
  /// Its folder.
  ///
  /// - Throws: ``UsageError`` where the program was moved without its resources.
  static func folder() throws -> URL {
    guard let folder = Bundle.module.url(forResource: "millbrook-base", withExtension: nil) else {
      throw UsageError(
        "the base model that comes with the program is not beside it; name a model with "
          + "--model_name_or_path, or pretrain one with --from_scratch")
    }
    return folder
  }

  /// Makes the base model anew, by the recipe of `Scripts/base-model`.
  ///
  /// - Parameter folder: where its data and its two halves go.
  /// - Returns: the model's folder.
  /// - Throws: whatever the commands throw.
  static func build(in folder: URL) throws -> URL {
    let data = folder.appending(path: "data")
    try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
    var files: [String] = []
    for part in tasks {
      let file = data.appending(path: "\(part.task)-\(part.kind).jsonl").path
      try Launcher.run([
        "world", "write", "--task", part.task, "--kind", part.kind, "--first", "\(part.first)",
        "--count", "\(part.count)", "--output", file,
      ])
      files += ["--dataset_path", file]
    }
    let first = folder.appending(path: "first").path
    let second = folder.appending(path: "second").path
    try Launcher.run(["pretrain", "--output_dir", first] + recipe)
    try Launcher.run(
      ["sft", "--model_name_or_path", first, "--output_dir", second]
        + files + tasksRecipe)
    return URL(filePath: second)
  }

  /// What the second half reads; its items are no experiment's.
  private static let tasks: [(task: String, kind: String, first: Int, count: Int)] = [
    ("digest", "references", 2_000_000, 20_000),
    ("digest", "demonstrations", 2_100_000, 10_000),
    ("digest_notices", "demonstrations", 2_100_000, 2_000),
    ("tale", "references", 2_000_000, 2_000),
  ]

  // Recipes/base.yaml and Recipes/base-tasks.yaml, where they differ from the commands' defaults; a test holds
  // them to the files.
  static let shared = [
    "--seed", "7", "--lr_scheduler_type", "cosine_with_min_lr", "--adam_beta2", "0.95",
    "--weight_decay", "0.01", "--bf16", "true", "--logging_steps", "50", "--save_steps", "1000",
    "--save_total_limit", "2", "--threads", "2", "--max_length", "256",
    "--save_dtype", "bfloat16", "--num_train_epochs", "1",
  ]
  static let recipe =
    shared + [
      "--per_device_train_batch_size", "16", "--learning_rate", "0.002", "--warmup_steps", "200",
    ]
  static let tasksRecipe =
    shared + [
      "--per_device_train_batch_size", "16", "--learning_rate", "0.0015", "--warmup_steps", "100",
    ]
}
