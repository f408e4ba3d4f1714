// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
public import Feedback
import Training

/// RAFT climbs the reward by filtering and imitation alone, stage by stage as far as best-of-K says.
public struct RAFTReproduction: Reproduction {
  /// Creates the reproduction.
  public init() {}

  /// `raft`.
  public var name: String { "raft" }
  /// The method's name.
  public var title: String { "RAFT" }
  /// The paper.
  public var source: String { "Dong et al. 2023, arXiv:2304.06767" }
  /// What is done.
  public var summary: String {
    "Four answers worth 0 to 3. Each stage keeps the best of K samples of many prompts and fits the policy to them; its "
      + "probabilities must follow the best-of-K distribution of the stage before. One sample a prompt must teach nothing, "
      + "ranking by reward less a KL tax must stay nearer to the beginning."
  }
  /// Seeds of the samples.
  public var seeds: [UInt64] { [1, 2, 3] }

  static let sampleCounts = [1, 2, 4, 8]
  static let exactSampleCount = 4
  static let promptCount = 4096
  static let stageCount = 5
  static let fitStepCount = 200
  static let learningRate = 0.1
  static let klCoefficient = 0.5
  static let tolerance = 0.02

  /// The numbers that make the experiment.
  public var settings: JSONObject {
    [
      "samples_per_prompt": .array(Self.sampleCounts.map { .integer($0) }),
      "prompts_per_stage": .integer(Self.promptCount), "stages": .integer(Self.stageCount),
      "fit_steps": .integer(Self.fitStepCount), "learning_rate": .number(Self.learningRate),
      "kl_coefficient": .number(Self.klCoefficient), "tolerance": .number(Self.tolerance),
    ]
  }

  static let worstKept = Breakage("worst_kept", "the worst sample is kept, not the best")
  static let anyKept = Breakage("any_kept", "the first sample is kept whatever its score")
  static let scoresShifted = Breakage(
    "scores_shifted", "each score is read from the sample beside it")
  static let allKept = Breakage("all_kept", "nothing is filtered: all samples are imitated")

  /// The mistakes it can be run with.
  public var breakages: [Breakage] {
    [Self.worstKept, Self.anyKept, Self.scoresShifted, Self.allKept]
  }

  /// The exact part.
  public var parts: [ReproductionPart] {
    [ReproductionPart("exact") { run in Self.exactFindings(run) }]
  }

  private static func exactFindings(_ run: ReproductionRun) -> Findings {
    var courses: [String: [BanditCourse]] = [:]
    let methods =
      sampleCounts.map { BanditMethod(sampleCount: $0) }
      + [BanditMethod(sampleCount: 8, klCoefficient: klCoefficient)]
    for method in methods {
      run.progress("raft: \(method.name)")
      courses[method.name] = run.seeds.map { method.train(seed: $0, run: run) }
    }
    func found(_ method: BanditMethod) -> [BanditCourse] { courses[method.name] ?? [] }
    let ordered = methods.map { ($0, found($0)) }
    return Findings(
      tables: [BanditCourse.table(ordered)],
      claims: claims(
        enumeration: EnumeratedStage.largestError(run), byCount: methods.dropLast().map(found),
        taxed: methods.last.map(found) ?? []),
      figures: [.lines(BanditCourse.chart(ordered))])
  }

  private static func claims(
    enumeration: Double, byCount: [[BanditCourse]], taxed: [BanditCourse]
  ) -> [Claim] {
    let four = byCount[2]
    let distances = four.flatMap { $0.distances(sampleCount: exactSampleCount).prefix(2) }
    let worst = distances.max() ?? .nan
    let ladder = byCount.map { $0.map { $0.rewards[1] }.mean }
    let isOrdered = zip(ladder, ladder.dropFirst()).allSatisfy { $0.0 < $0.1 }
    let isRising = four.allSatisfy { course in
      zip(course.rewards, course.rewards.dropFirst()).allSatisfy { $0.1 >= $0.0 - 1e-3 }
        && course.stages.prefix(2).allSatisfy { $0.meanKeptScore > $0.meanScore }
    }
    let drift =
      byCount[0].map { Swift.abs(($0.rewards.last ?? .nan) - $0.rewards[0]) }.max() ?? .nan
    let free = byCount[3].map(\.finalKL).mean
    let held = taxed.map(\.finalKL).mean
    return [
      Claim(
        "over all 256 ways to draw four samples, what is kept has the probabilities F(i)^K − F(i − 1)^K, two stages long",
        held: enumeration < 1e-12, evidence: "largest error \(enumeration.short)"),
      Claim(
        "sampled stages follow it: after one and two stages every probability is within \(tolerance), on every seed",
        held: worst <= tolerance, evidence: "furthest probability \(worst.short)"),
      Claim(
        "the reward rises with every stage, and what is kept is better than what was sampled while there is room",
        held: isRising,
        evidence: "K = 4: "
          + four.map { $0.rewards.map(\.short).joined(separator: ", ") }
          .joined(separator: "; ")),
      Claim(
        "after one stage more samples a prompt mean more reward (K = 1, 2, 4, 8)", held: isOrdered,
        evidence: ladder.map(\.short).joined(separator: ", ")),
      Claim(
        "one sample a prompt teaches nothing: after five stages the reward is within 0.15 of the beginning",
        held: drift <= 0.15, evidence: "furthest \(drift.short)"),
      Claim(
        "ranking by reward less a KL tax ends nearer to the beginning than K = 8 without",
        held: held < free, evidence: "KL \(held.short) against \(free.short) nats"),
    ]
  }
}
