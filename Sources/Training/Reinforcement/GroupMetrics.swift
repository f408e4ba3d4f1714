// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Objectives
import Torch

/// Scores of completions by prompt.
struct GroupScores {
  /// The known scores of each group.
  let groups: [[Double]]

  /// Completions that stand alone are compared with all others: they make one group.
  init(_ scores: [Float], _ groupSize: Int) {
    groups = scores.chunks(of: groupSize > 1 ? groupSize : Swift.max(1, scores.count)).map {
      $0.filter { !$0.isNaN }.map(Double.init)
    }
  }

  /// Numbers of the groups whose scores are all equal, so that none is better than another.
  var equalGroups: [Int] { groups.indices.filter { groups[$0].max() == groups[$0].min() } }
}

extension ScoredRollouts {
  /// Puts one group of other rollouts in the place of one of these.
  mutating func replace(group place: Int, by source: Int, of other: ScoredRollouts, size: Int) {
    for offset in 0..<size {
      let (to, from) = (place * size + offset, source * size + offset)
      rollouts[to] = other.rollouts[from]
      scores[to] = other.scores[from]
      for part in parts.indices { parts[part].values[to] = other.parts[part].values[from] }
    }
  }
}

extension MetricMeans {
  /// Adds `reward`, the mean score; `reward_std`, the mean over groups of the sample deviation within; and
  /// `frac_reward_zero_std`, the share of groups whose scores are all equal.
  mutating func add(_ scores: GroupScores) {
    let known = scores.groups.flatMap { $0 }
    if !known.isEmpty { add("reward", Moments(known).mean) }
    add("reward_std", Moments(scores.groups.map { Moments($0).deviation }).mean)
    add(
      "frac_reward_zero_std",
      Double(scores.equalGroups.count) / Double(Swift.max(1, scores.groups.count)))
  }

  /// Adds the lengths of the completions that ended by themselves; 0 where none did.
  mutating func addTerminatedLengths(_ rollouts: [Rollout]) {
    let lengths = rollouts.filter { $0.completion.stopReason != .length }
      .map { Double($0.completion.ids.count) }
    add("completions/mean_terminated_length", Moments(lengths).mean)
    add("completions/min_terminated_length", lengths.min() ?? 0)
    add("completions/max_terminated_length", lengths.max() ?? 0)
  }

  /// Adds completions without a gradient: their loss is 0, none of their tokens is clipped, and no model reads them.
  mutating func addIdle(_ idle: GroupExperience?, _ loss: PolicyGradientLoss) {
    guard let idle else { return }
    let weight = loss.weight(idle.lossMask)
    let tokenCount = idle.lossMask.sum().item
    for name in ["loss", "policy_loss"] { add(name, 0, weight: weight) }
    for name in ["low_mean", "high_mean", "region_mean"] {
      add("clip_ratio/\(name)", 0, weight: tokenCount)
    }
  }
}

/// The least and the largest share of clipped tokens among the optimizer steps of an update.
struct ClipExtremes {
  private var lowest: Double?
  private var highest: Double?

  mutating func add(_ step: MetricMeans) {
    if let low = step["clip_ratio/low_mean"] { lowest = min(low, lowest ?? low) }
    if let high = step["clip_ratio/high_mean"] { highest = max(high, highest ?? high) }
  }

  func report(to metrics: inout MetricMeans) {
    if let lowest { metrics.add("clip_ratio/low_min", lowest) }
    if let highest { metrics.add("clip_ratio/high_max", highest) }
  }
}

/// How far the log-probabilities of sampling are from those of training, while both read the same weights.
struct SamplerDrift {
  private var differences: [Double] = []

  mutating func add(_ trainer: Tensor, sampler: Tensor, mask: Tensor) {
    let difference = (trainer.detached() - sampler).doubles
    for (value, counts) in zip(difference, mask.doubles) where counts > 0 {
      differences.append(value)
    }
  }

  func report(to metrics: inout MetricMeans) {
    guard !differences.isEmpty else { return }
    let sizes = differences.map(\.magnitude)
    metrics.add("sampling/sampling_logp_difference/mean", Moments(sizes).mean)
    metrics.add("sampling/sampling_logp_difference/max", sizes.max() ?? 0)
    let ratios = exp(Tensor(differences)).doubles
    metrics.add("sampling/importance_sampling_ratio/min", ratios.min() ?? 1)
    metrics.add("sampling/importance_sampling_ratio/mean", Moments(ratios).mean)
    metrics.add("sampling/importance_sampling_ratio/max", ratios.max() ?? 1)
  }
}
