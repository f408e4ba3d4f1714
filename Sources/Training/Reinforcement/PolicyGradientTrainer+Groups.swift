// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Torch

extension PolicyGradientTrainer {
  /// Says once that a source leaves completions without a score.
  func tellMissing(_ scored: ScoredRollouts, _ log: RunLog) {
    for (name, values) in scored.parts {
      let count = values.count(where: \.isNaN)
      guard count > 0 else { continue }
      log.warnOnce(
        "missing_scores/\(name)",
        "reward '\(name)' gave no score for \(count) of \(values.count) completions: where no other reward scores "
          + "them they have advantage 0 and are in no mean; rewards/\(name)/missing counts them")
    }
  }

  /// Says once that sampler and trainer disagree about the same weights by more than rounding explains.
  func tellDrift(_ metrics: MetricMeans, _ log: RunLog) {
    let isWide = policy.elementType == .float32 && plan.autocast == nil
    let bound = isWide ? 1e-3 : 5e-2
    let name = "sampling/sampling_logp_difference/mean"
    guard let difference = metrics[name], difference > bound else { return }
    log.warnOnce(
      "sampler_drift",
      "\(name) is \(NumberText.short(difference)) nats a token, above \(bound): completions come from another "
        + "distribution than the one that is trained; try float32, without bf16")
  }

  /// Replaces groups that teach nothing, since all their scores are equal, by groups of other prompts (dynamic
  /// sampling; Yu et al. 2025, arXiv:2503.14476, section 3.2). Which prompts depends on seed, update and round alone.
  func replaceEqualGroups(
    _ scored: inout ScoredRollouts, _ prompts: [PromptRow], update: Int,
    _ metrics: inout MetricMeans
  ) throws {
    guard settings.resamplingCount > 0 else { return }
    var replacedCount = 0
    for round in 1...settings.resamplingCount {
      let equal = GroupScores(scored.scores, settings.groupSize).equalGroups
      guard !equal.isEmpty else { break }
      var random = SplitMix(settings.seed, 0xD7A5, UInt64(update), UInt64(round))
      let others = equal.map { _ in prompts[Int(random.next() % UInt64(prompts.count))] }
      let rollouts = sample(
        groups(of: others), stream: (0xD7A6 + UInt64(round) << 16, UInt64(update)), &metrics)
      let fresh = try score(rollouts, update: update, &metrics)
      let useless = Set(GroupScores(fresh.scores, settings.groupSize).equalGroups)
      for (source, place) in equal.enumerated() where !useless.contains(source) {
        scored.replace(group: place, by: source, of: fresh, size: settings.groupSize)
        replacedCount += 1
      }
    }
    metrics.add("dynamic_sampling/replaced_groups", Double(replacedCount))
  }
}
