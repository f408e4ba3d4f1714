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

  /// The recipe it was made with, as arguments of `attune pretrain`: those are the defaults of the command and
  /// what differs from them.
  static func recipeArguments() -> [String] {
    [
      "--seed", "7", "--per_device_train_batch_size", "16", "--num_train_epochs", "1",
      "--lr_scheduler_type", "cosine_with_min_lr", "--warmup_steps", "200", "--adam_beta2", "0.95",
      "--weight_decay", "0.01", "--bf16", "true", "--logging_steps", "50", "--save_steps", "1000",
      "--save_total_limit", "2",
    ]
  }
}
