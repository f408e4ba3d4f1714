// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
public import Feedback
import Objectives

/// CPL finds the optimal policy from preferences that follow regret, without a reward or a rollout.
public struct CPLReproduction: Reproduction {
  /// Creates the reproduction.
  public init() {}

  /// `cpl`.
  public var name: String { "cpl" }
  /// The method's name.
  public var title: String { "Contrastive Preference Learning" }
  /// The paper.
  public var source: String { "Hejna et al. 2024, arXiv:2310.13639" }
  /// What is done.
  public var summary: String {
    "A five-by-five grid with lava. Segments of eight moves by a half-random walker are compared by the sum of their "
      + "optimal advantages. CPL on 4,000 pairs must come near the optimal policy and far above imitation; preferences "
      + "by partial return, flipped ones and advantages that no policy explains must do worse."
  }
  /// Seeds of data and labels.
  public var seeds: [UInt64] { [1, 2, 3] }

  static let temperature = 0.04
  /// How sharply labels follow the difference of summed advantages.
  static let rationality = 15.0
  static let segmentLength = 8
  static let pairCount = 4000
  static let largePairCount = 20_000
  static let stepCount = 250
  static let learningRate = 0.05
  static let conservativeBias = 0.5

  /// The numbers that make the experiment.
  public var settings: JSONObject {
    [
      "temperature": .number(Self.temperature), "rationality": .number(Self.rationality),
      "loss_temperature": .number(Self.rationality * Self.temperature),
      "segment_length": .integer(Self.segmentLength), "pairs": .integer(Self.pairCount),
      "large_pairs": .integer(Self.largePairCount), "steps": .integer(Self.stepCount),
      "learning_rate": .number(Self.learningRate),
      "conservative_bias": .number(Self.conservativeBias), "discount": 0.95,
    ]
  }

  static let flippedLabels = Breakage(
    "flipped_labels", "the preferred segment is taken for the other")
  static let meanOverTime = Breakage(
    "mean_over_time", "log-probabilities are averaged over a segment, not summed")
  static let biasOnPreferred = Breakage(
    "bias_on_preferred", "the conservative bias shrinks the preferred segment's score")
  static let firstStepOnly = Breakage(
    "first_step_only", "the mask keeps the first step of a segment alone")

  /// The mistakes it can be run with.
  public var breakages: [Breakage] {
    [Self.flippedLabels, Self.meanOverTime, Self.biasOnPreferred, Self.firstStepOnly]
  }

  /// The exact part.
  public var parts: [ReproductionPart] {
    [ReproductionPart("exact") { run in Self.exactFindings(run) }]
  }

  private static func exactFindings(_ run: ReproductionRun) -> Findings {
    let task = SegmentTask()
    var results: [SegmentMethod: [SegmentResult]] = [:]
    for seed in run.seeds {
      for size in [pairCount, largePairCount] {
        run.progress("cpl: seed \(seed), \(size) pairs")
        let data = SegmentData(task: task, pairCount: size, seed: seed)
        for method in SegmentMethod.all(pairCount: size) {
          let policy = method.train(data, run: run)
          let result = SegmentResult(task: task, policy: policy)
          results[method, default: []].append(result)
          run.record([
            "method": .string(method.name), "pairs": .integer(size),
            "seed": .integer(Int(truncatingIfNeeded: seed)),
            "return": .number(result.expectedReturn), "kl": .number(result.kl),
          ])
        }
      }
    }
    return Findings(
      tables: [SegmentResult.table(results, task: task)], claims: claims(results),
      figures: [.scatter(SegmentResult.chart(results, task: task))])
  }

  private static func claims(_ results: [SegmentMethod: [SegmentResult]]) -> [Claim] {
    func found(_ id: SegmentMethod.ID, _ pairCount: Int = pairCount) -> [SegmentResult] {
      results.first { $0.key.id == id && $0.key.pairCount == pairCount }?.value ?? []
    }
    func meanReturn(_ runs: [SegmentResult]) -> Double { runs.map(\.expectedReturn).mean }
    let conservative = found(.conservative)
    let least = conservative.map(\.expectedReturn).min() ?? .nan
    let furthest = conservative.map(\.kl).max() ?? .nan
    let plain = meanReturn(found(.plain))
    let large = found(.plain, largePairCount)
    let largeKL = large.map(\.kl).mean
    let biasedKL = found(.conservative, largePairCount).map(\.kl).mean
    let partial = min(
      meanReturn(conservative) - meanReturn(found(.conservativePartialReturn)),
      plain - meanReturn(found(.plainPartialReturn)))
    let flipped = meanReturn(found(.plainFlipped))
    let trapped = plain - meanReturn(found(.plainTrap))
    let spared = meanReturn(conservative) - meanReturn(found(.conservativeTrap))
    return [
      Claim(
        "CPL with λ = 0.5 returns at least 0.48 with KL(π*‖π) at most 0.12 on every seed",
        held: least >= 0.48 && furthest <= 0.12,
        evidence: "return at least \(least.short), KL at most \(furthest.short)"),
      Claim(
        "that is at least 0.35 above imitation of all segments",
        held: meanReturn(conservative) - meanReturn(found(.imitation)) >= 0.35,
        evidence: "\(meanReturn(conservative).short) against \(meanReturn(found(.imitation)).short)"
      ),
      Claim(
        "λ = 1 returns at least 0.40 at 4,000 pairs, and at 20,000 at least 0.55 with KL at most 0.03, below that of λ = 0.5",
        held: plain >= 0.40 && meanReturn(large) >= 0.55 && largeKL <= 0.03 && largeKL < biasedKL,
        evidence:
          "\(plain.short); \(meanReturn(large).short), KL \(largeKL.short) against \(biasedKL.short)"
      ),
      Claim(
        "labels by regret beat labels by partial return by at least 0.2, under either λ",
        held: partial >= 0.2, evidence: "smaller gain \(partial.short)"),
      Claim(
        "flipped labels with λ = 1 return less than −2", held: flipped < -2,
        evidence: "\(flipped.short)"),
      Claim(
        "advantages of 0 in the goal, which no policy explains, cost λ = 1 at least 0.2 and λ = 0.5 less than that",
        held: trapped >= 0.2 && spared < 0.2,
        evidence: "λ = 1 loses \(trapped.short), λ = 0.5 \(spared.short)"),
    ]
  }
}
