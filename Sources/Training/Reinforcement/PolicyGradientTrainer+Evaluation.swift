// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Objectives
import Torch

extension PolicyGradientTrainer {
  /// Samples one completion of each prompt that is not trained on, with the same random numbers each time, and scores
  /// them.
  ///
  /// - Parameters:
  ///   - prompts: held-out prompts.
  ///   - update: updates done, for messages.
  /// - Returns: means over the prompts of scores and lengths, and the KL to the reference where the method has one,
  ///   under the names that training gives them.
  /// - Throws: ``TrainingError``, errors of reward functions.
  func evaluate(
    _ prompts: [PromptRow], update: Int
  ) throws -> [(name: String, value: Double)] {
    var metrics = MetricMeans()
    let rollouts = sample(prompts, stream: (0xE7A1, 0), &metrics)
    let scored = try score(rollouts, update: update, &metrics)
    let known = scored.scores.filter { !$0.isNaN }.map(Double.init)
    if !known.isEmpty { metrics.add("reward", Moments(known).mean) }
    metrics.addLengths(rollouts)
    metrics.addTerminatedLengths(rollouts)
    if let reference {
      let tables = RolloutTables(rollouts, padTokenID: plan.padTokenID)
      let kl = withoutGrad {
        TokenRewards(estimator: .k3).kl(
          tokenLogProbs: logProbs(policy, tables), referenceLogProbs: logProbs(reference, tables),
          mask: tables.mask)
      }
      metrics.add("kl", maskedMean(kl, tables.mask).item)
      metrics.add("kl_sequence", kl.sum(1).mean().item)
    }
    return metrics.values.filter { !$0.name.hasPrefix("timing/") }
  }
}
