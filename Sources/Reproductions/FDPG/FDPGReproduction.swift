// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
public import Feedback
import Objectives

/// f-DPG meets a constraint under every divergence, and the divergence decides what is given up where it cannot.
public struct FDPGReproduction: Reproduction {
  /// Creates the reproduction.
  public init() {}

  /// `fdpg`.
  public var name: String { "fdpg" }
  /// The method's name.
  public var title: String { "f-DPG" }
  /// The paper.
  public var source: String { "Go et al. 2023, arXiv:2302.08215" }
  /// What is done.
  public var summary: String {
    "Strings of eight biased bits must have exactly three ones, and otherwise stay as likely as before. A policy that can "
      + "hold the target must reach it by sampling, under each divergence; one that cannot (independent bits, a target "
      + "with two modes) must cover both modes under forward KL and take one under reverse KL and Jensen-Shannon."
  }
  /// Seeds of both experiments.
  public var seeds: [UInt64] { [1, 2, 3] }

  static let stepCount = 400
  static let sampleCount = 256
  static let learningRate = 0.05
  /// ε below which a forbidden string's score does not fall, as a share of a, where f′(∞) is infinite.
  static let floor = 1e-5
  static let gradientSampleCount = 100_000
  static let divergenceTolerance = 0.05
  static let normalizerTolerance = 0.02
  static let leastCosine = 0.99
  static let normTolerance = 0.15
  static let entropyTolerance = 0.02
  /// Entropies of the policy of independent bits that minimises each divergence, in nats.
  static let limitedEntropies: [(FDivergence, Double)] = [
    (.forwardKL, 5.545), (.reverseKL, 2.648), (.jensenShannon, 2.683),
  ]
  static let featureMean = 0.5

  /// The numbers that make the experiment.
  public var settings: JSONObject {
    [
      "bits": 8, "base_ones": 0.7, "wanted_ones": 3, "steps": .integer(Self.stepCount),
      "samples_per_step": .integer(Self.sampleCount), "learning_rate": .number(Self.learningRate),
      "score_floor": .number(Self.floor),
      "gradient_samples": .integer(Self.gradientSampleCount),
      "divergence_tolerance": .number(Self.divergenceTolerance),
      "normalizer_tolerance": .number(Self.normalizerTolerance),
      "least_cosine": .number(Self.leastCosine), "norm_tolerance": .number(Self.normTolerance),
      "entropy_tolerance": .number(Self.entropyTolerance),
      "feature_mean": .number(Self.featureMean),
    ]
  }

  static let wrongSign = Breakage("wrong_sign", "the pseudo-reward has the wrong sign")
  static let noNormalizer = Breakage("no_normalizer", "log Z is left out of the ratio")
  static let noBase = Breakage("no_base", "the target's score leaves the base model out")
  static let swappedRatio = Breakage(
    "swapped_ratio", "target and policy change places in the ratio")

  /// The mistakes it can be run with.
  public var breakages: [Breakage] {
    [Self.wrongSign, Self.noNormalizer, Self.noBase, Self.swappedRatio]
  }

  /// The exact part.
  public var parts: [ReproductionPart] {
    [ReproductionPart("exact") { run in Self.exactFindings(run) }]
  }

  private static func exactFindings(_ run: ReproductionRun) -> Findings {
    let task = ConstraintTask()
    let claimed: [FDivergence] = [.forwardKL, .reverseKL, .totalVariation, .jensenShannon]
    let main = claimed.map { divergence in
      ConstraintMethod("f-DPG, \(divergence.label)", .fdpg(FDPG(divergence), hasBaseline: true))
    }
    let others = [
      ConstraintMethod("GDC (no baseline)", .fdpg(FDPG(.forwardKL), hasBaseline: false)),
      ConstraintMethod("f-DPG, χ²(p‖π)", .fdpg(FDPG(.forwardChiSquared), hasBaseline: true)),
      ConstraintMethod("f-DPG, χ²(π‖p)", .fdpg(FDPG(.reverseChiSquared), hasBaseline: true)),
      ConstraintMethod("REINFORCE on the constraint", .reinforce),
      ConstraintMethod("RL with KL penalty, β = 0.1", .penalised(beta: 0.1)),
    ]
    func results(_ methods: [ConstraintMethod]) -> [[ConstraintResult]] {
      methods.map { method in
        run.progress("fdpg: \(method.name)")
        return run.seeds.map { task.train(method, seed: $0, run: run) }
      }
    }
    let mainResults = results(main)
    let otherResults = results(others)
    run.progress("fdpg: sampled gradients")
    let gradients = claimed.map { task.gradientCheck($0, seed: run.seeds.first ?? 1, run: run) }
    let tilted = run.seeds.map { task.trainTilted(seed: $0, run: run) }
    run.progress("fdpg: independent bits")
    let limited = LimitedStudy(run: run)
    return Findings(
      tables: [
        ConstraintResult.table(mainResults + otherResults), GradientCheck.table(gradients),
        limited.table,
      ],
      claims: constraintClaims(mainResults, otherResults, gradients, tilted)
        + [limited.claim],
      figures: [.lines(ConstraintResult.chart(mainResults))])
  }

  private static func constraintClaims(
    _ main: [[ConstraintResult]], _ others: [[ConstraintResult]], _ gradients: [GradientCheck],
    _ tilted: [Double]
  ) -> [Claim] {
    let all = main.flatMap(\.self)
    let divergence = all.map(\.ownDivergence).max() ?? .nan
    let normalizer = all.compactMap(\.normalizerError).max() ?? .nan
    let cosine = gradients.map(\.cosine).min() ?? .nan
    let norm = gradients.map { Swift.abs($0.normRatio - 1) }.max() ?? .nan
    let mean = tilted.map { Swift.abs($0 - featureMean) }.max() ?? .nan
    let reinforce = others[3]
    let kept = all.map(\.entropy).min() ?? .nan
    let collapsed = reinforce.map(\.entropy).max() ?? .nan
    return [
      Claim(
        "each of four divergences ends below \(divergenceTolerance) on every seed",
        held: divergence < divergenceTolerance, evidence: "largest \(divergence.short)"),
      Claim(
        "the running estimate of Z is within 2 % at the end",
        held: normalizer <= normalizerTolerance, evidence: "largest error \(normalizer.short)"),
      Claim(
        "at the start the sampled gradient has the exact one's direction (cosine above 0.99) and length (within 15 %)",
        held: cosine > leastCosine && norm <= normTolerance,
        evidence: "least cosine \(cosine.short), largest error of length \(norm.short)"),
      Claim(
        "maximising the constraint alone (REINFORCE) keeps less of the base model's variety than any f-DPG run",
        held: collapsed < kept,
        evidence: "entropy at most \(collapsed.short) against at least \(kept.short) nats"),
      Claim(
        "a distributional constraint is met: the mean of a feature is within 0.02 of \(featureMean) on every seed",
        held: mean <= 0.02, evidence: "furthest \(mean.short); 0.7 before"),
    ]
  }
}

extension FDivergence {
  /// The name in tables.
  var label: String {
    switch self {
    case .forwardKL: "forward KL"
    case .reverseKL: "reverse KL"
    case .totalVariation: "total variation"
    case .jensenShannon: "Jensen-Shannon"
    case .forwardChiSquared: "χ²(p‖π)"
    case .reverseChiSquared: "χ²(π‖p)"
    }
  }
}
