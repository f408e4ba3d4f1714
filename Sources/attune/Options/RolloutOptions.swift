// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// How completions of an update are drawn and read before it, in `ppo` and the methods without a critic.
struct RolloutOptions: ParsableArguments {
  @Option(
    name: .customLong("local_rollout_forward_batch_size"),
    help: ArgumentHelp(
      "Rows sampled, read and scored at once before an update; 0 samples all together and reads per_device_train_batch_size.",
      valueName: "rows"))
  var batchSize: Int = 0

  @Option(
    name: .customLong("reuse_sampling_log_probs"),
    help: "Take the sampler's log-probabilities as the old policy's: saves a forward pass.")
  var reusesSamplingLogProbs: Bool = false

  func validate() throws {
    guard batchSize >= 0 else {
      throw ValidationError(
        "--local_rollout_forward_batch_size: expected 0 or more, found \(batchSize)")
    }
  }

  /// Rows at once; nil leaves it to the trainer.
  var readingBatchSize: Int? { batchSize > 0 ? batchSize : nil }
}
