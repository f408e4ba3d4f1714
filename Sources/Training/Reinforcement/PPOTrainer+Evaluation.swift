// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Objectives
import Torch

extension PPOTrainer {
  /// Samples completions of prompts that are not trained on, with the same random numbers each time, and scores them.
  ///
  /// - Parameters:
  ///   - prompts: held-out prompts.
  ///   - update: updates done, for messages.
  /// - Returns: means over the prompts of scores, KL to the reference (nats a completion) and lengths, under the names
  ///   that training gives them.
  /// - Throws: ``TrainingError``, errors of reward functions.
  func evaluate(
    _ prompts: [PromptRow], update: Int
  ) throws -> [(name: String, value: Double)] {
    var metrics = MetricMeans()
    let rollouts = sample(prompts, stream: (0xE7A1, 0), &metrics)
    // The running scale of scores is training's; evaluation reads it and leaves it.
    var processing = state.scoreProcessing
    let scored = try score(rollouts, update: update, &processing, &metrics)
    let experience = Experience(rollouts, scoresAfterLast: false, padTokenID: plan.padTokenID)
    var policyTables: [Tensor] = []
    var referenceTables: [Tensor] = []
    withoutGrad {
      for part in experience.tables.parts(of: readingBatchSize) {
        let tokens = experience.tables.batch(part, device: policy.device)
        policyTables.append(experience.tables.table(logProbs(policy, tokens), tokens))
        referenceTables.append(experience.tables.table(logProbs(reference, tokens), tokens))
      }
    }
    let kl = settings.tokenRewards.kl(
      tokenLogProbs: concatenated(policyTables),
      referenceLogProbs: concatenated(referenceTables), mask: experience.mask
    ).sum(1).mean().item
    let score = Moments(scored.scores.map(Double.init)).mean
    metrics.add("objective/kl", kl)
    metrics.add("objective/rlhf_reward", score - state.klController.coefficient * kl)
    return metrics.values.filter { !$0.name.hasPrefix("timing/") }
  }
}
