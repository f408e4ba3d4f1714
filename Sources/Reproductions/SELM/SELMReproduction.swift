// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
public import Feedback

/// SELM's optimism about what its reference would not say, in a world where the reference hides the best answer.
public struct SELMReproduction: Reproduction {
  /// Creates the reproduction.
  public init() {}

  /// `selm`.
  public var name: String { "selm" }
  /// The method's name.
  public var title: String { "Self-Exploring Language Models" }
  /// The paper.
  public var source: String { "Zhang et al. 2024, arXiv:2405.19332" }
  /// What is done.
  public var summary: String {
    "Sixty prompts with fifty answers each; the reference knows ten mediocre ones, the best hardly at all. Six rounds of "
      + "200 prompts: two samples and the last pair are judged, then trained on. SELM must ask about more arms than "
      + "iterative DPO, push its reference's responses down further, and lose no reward; a flipped sign must explore less."
  }
  /// Seeds of worlds, models, answers and labels.
  public var seeds: [UInt64] { [1, 2, 3, 4, 5] }

  static let promptCount = 60
  static let roundCount = 6
  static let promptsPerRound = 200
  static let beta = 0.1
  static let temperature = 1.0
  static let fitStepCount = 400
  static let fitRate = 3e-3

  /// The model's rounds as the claims are about them, and what else was tried.
  static let modelPlan = ExplorationPlan(name: "a language model", learningRate: 5e-4)
  static let modelTrials = [
    ExplorationPlan(
      name: "a language model, labels of temperature 0.1", learningRate: 5e-4, temperature: 0.1),
    ExplorationPlan(
      name: "a language model, ten passes a round", learningRate: 5e-4, passCount: 10),
    ExplorationPlan(
      name: "a language model, 2,000 prompts a round", learningRate: 5e-4, promptsPerRound: 2000),
  ]
  /// Tables take all pairs in each of twenty steps.
  static let tablePlan = ExplorationPlan(
    name: "a table trained by Adam", learningRate: 0.3, batchSize: nil, passCount: 20)
  static let plainPlan = ExplorationPlan(
    name: "a table trained by plain gradient descent", descent: .gradient, learningRate: 1000,
    batchSize: nil, passCount: 20)

  /// The numbers that make the experiment.
  public var settings: JSONObject {
    [
      "prompts": .integer(Self.promptCount), "arms": .integer(DeceptiveBandit.armCount),
      "rounds": .integer(Self.roundCount), "prompts_per_round": .integer(Self.promptsPerRound),
      "beta": .number(Self.beta), "alpha": [0, 0.01, 0.1],
      "label_temperature": .number(Self.temperature), "fit_steps": .integer(Self.fitStepCount),
      "fit_learning_rate": .number(Self.fitRate),
      "plans": .array(
        ([Self.tablePlan, Self.plainPlan, Self.modelPlan] + Self.modelTrials).map(\.json)),
    ]
  }

  static let optimismSign = Breakage(
    "optimism_sign", "the reference's response is made likelier, not less likely")
  static let detachedTerm = Breakage(
    "detached_term", "no gradient flows through the optimistic term")
  static let missingBeta = Breakage("missing_beta", "the term is weighted by α, not by αβ")

  /// The mistakes it can be run with.
  public var breakages: [Breakage] {
    [Self.optimismSign, Self.detachedTerm, Self.missingBeta]
  }

  /// The gradient and tables, then the language model.
  public var parts: [ReproductionPart] {
    [
      ReproductionPart("exact") { run in try Self.tableFindings(run) },
      ReproductionPart("language_model") { run in try Self.modelFindings(run) },
    ]
  }

  private static func tableFindings(_ run: ReproductionRun) throws -> Findings {
    let gradient = OptimismGradient(run: run)
    let starts = run.seeds.map { seed in
      let world = DeceptiveBandit(promptCount: promptCount, seed: seed)
      return (seed: seed, world: world, policy: ArmTable(world))
    }
    let adam = try ExplorationStudy(
      ExplorationMethod.all, plan: tablePlan, starts: starts, run: run)
    let plain = try ExplorationStudy(
      ExplorationMethod.compared, plan: plainPlan, starts: starts, run: run)
    return Findings(
      tables: [adam.table, plain.table],
      claims: [
        Claim(
          "the term's gradient in the logits is αβ (onehot(ŷ) − π)",
          held: gradient.largestError < 1e-12,
          evidence: "largest error \(gradient.largestError.short)"),
        Claim(
          "where policy and reference are equal its mean over ŷ ~ π_ref is 0",
          held: gradient.largestMean < 1e-12,
          evidence: "largest part \(gradient.largestMean.short)"),
      ] + adam.claims,
      figures: [.lines(adam.chart)])
  }

  private static func modelFindings(_ run: ReproductionRun) throws -> Findings {
    let starts = try run.seeds.map { seed in
      run.progress("selm: fitting the reference, seed \(seed)")
      let world = DeceptiveBandit(promptCount: promptCount, seed: seed)
      return (seed: seed, world: world, policy: try ArmModel(fittedTo: world, seed: seed))
    }
    let study = try ExplorationStudy(
      ExplorationMethod.all, plan: modelPlan, starts: starts, run: run)
    let trials = try modelTrials.map { plan in
      try ExplorationStudy(ExplorationMethod.compared, plan: plan, starts: starts, run: run)
    }
    let distance =
      starts.map { start in
        zip(start.world.reference, start.policy.rows).map(Simplex.klDivergence).mean
      }.max() ?? .nan
    return Findings(
      tables: [study.table] + trials.map(\.table),
      claims: [
        Claim(
          "the fitted model is the reference: KL at most 0.01 nats, mean over prompts",
          held: distance <= 0.01, evidence: "largest \(distance.short)")
      ] + study.claims,
      figures: [.lines(study.chart)])
  }
}

extension ExplorationPlan {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "learning_rate": .number(learningRate),
      "pairs_per_step": batchSize.map { .integer($0) } ?? "all",
      "passes": .integer(passCount), "prompts_per_round": .integer(promptsPerRound),
      "label_temperature": .number(temperature),
      "optimizer": descent == .adam ? "adam" : "gradient",
    ]
  }
}
