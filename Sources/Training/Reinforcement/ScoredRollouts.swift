// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanguageModels
import Torch

/// Rollouts with their scores, for the log.
public struct ScoredRollouts: Sendable {
  /// Prompts with completions.
  public var rollouts: [Rollout]
  /// Scores by reward source, one a rollout; NaN where a source gave none.
  public var parts: [(name: String, values: [Double])]
  /// Processed total scores; NaN where no source gave one.
  public var scores: [Float]
  /// Mean advantage of each completion's tokens, before whitening.
  public var advantages: [Float] = []

  func with(advantages: [Float]) -> ScoredRollouts {
    var copy = self
    copy.advantages = advantages
    return copy
  }
}

extension [RewardSource] {
  /// Asks every source.
  ///
  /// - Parameters:
  ///   - rollouts: completions to score.
  ///   - update: updates done, for messages.
  ///   - metrics: gets mean and deviation by source, over the scores there are.
  /// - Returns: the scores by source and their weighted sum. NaN is "no score": it adds nothing, and where no source
  ///   gave one the sum is NaN.
  /// - Throws: ``TrainingError`` where a source gives too few scores, or one that is no number and may not be missing;
  ///   errors of the sources.
  func scores(
    _ rollouts: [Rollout], update: Int, _ metrics: inout MetricMeans
  ) throws -> (parts: [(name: String, values: [Double])], total: [Double]) {
    var total = [Double](repeating: .nan, count: rollouts.count)
    var parts: [(name: String, values: [Double])] = []
    for source in self {
      let values = try source.score(rollouts)
      guard values.count == rollouts.count else {
        throw TrainingError.badSetting(
          name: "reward function", value: "'\(source.name)' gave \(values.count) scores",
          wanted: "\(rollouts.count), one a completion")
      }
      if let bad = values.firstIndex(where: { !$0.isFinite && !($0.isNaN && source.mayAbstain) }) {
        throw TrainingError.noScore(
          source: source.name, value: values[bad], prompt: rollouts[bad].prompt.text,
          step: update + 1)
      }
      parts.append((source.name, values))
      let known = values.indices.filter { !values[$0].isNaN }
      for row in known {
        total[row] = (total[row].isNaN ? 0 : total[row]) + source.weight * values[row]
      }
      if source.mayAbstain {
        metrics.add("rewards/\(source.name)/missing", Double(values.count - known.count))
      }
      guard !known.isEmpty else { continue }
      let moments = Moments(known.map { values[$0] })
      metrics.add("rewards/\(source.name)/mean", moments.mean)
      metrics.add("rewards/\(source.name)/std", moments.deviation)
    }
    return (parts, total)
  }
}

extension MetricMeans {
  /// Adds the lengths of completions, and the share of those that were cut.
  mutating func addLengths(_ rollouts: [Rollout]) {
    let lengths = rollouts.map { Double($0.completion.ids.count) }
    let ended = rollouts.filter { $0.completion.stopReason != .length }
    add("completions/mean_length", Moments(lengths).mean)
    add("completions/min_length", lengths.min() ?? 0)
    add("completions/max_length", lengths.max() ?? 0)
    add(
      "completions/clipped_ratio",
      Double(rollouts.count - ended.count) / Double(Swift.max(1, rollouts.count)))
  }
}

/// Draws a completion for each prompt; seed, stream and row fix its random numbers. Products run in `autocast`, as those of
/// training do, so that the sampler's distribution is the trainer's.
func drawCompletions(
  of prompts: [PromptRow], from sampler: Sampler, seed: UInt64, stream: (UInt64, UInt64),
  autocast: ElementType?
) -> [Rollout] {
  let seeds = prompts.indices.map { row in
    var random = SplitMix(seed, stream.0, stream.1, UInt64(row))
    return random.next()
  }
  let completions = withAutocast(autocast, on: sampler.model.device) {
    sampler.completions(prompts.map(\.ids), seeds: seeds)
  }
  return zip(prompts, completions).map { Rollout(prompt: $0, completion: $1) }
}

/// Mean and sample deviation of some numbers.
struct Moments {
  let mean: Double
  let deviation: Double

  init(_ values: [Double]) {
    let average = values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - average) * ($1 - average) }
    mean = average
    deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
  }
}
