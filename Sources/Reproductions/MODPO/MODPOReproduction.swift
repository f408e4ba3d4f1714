// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
public import Feedback

/// MODPO reaches the best compromise for every weight, by DPO on one objective's pairs and the other's margins.
public struct MODPOReproduction: Reproduction {
  /// Creates the reproduction.
  public init() {}

  /// `modpo`.
  public var name: String { "modpo" }
  /// The method's name.
  public var title: String { "MODPO" }
  /// The paper.
  public var source: String { "Zhou et al. 2023, arXiv:2310.03708" }
  /// What is done.
  public var summary: String {
    "Four answers with two rewards that disagree. Pairs labelled by the first reward and margins of the second must give "
      + "the policy that maximises wᵀr − β KL, for every weight; weighting two DPO losses must fall short of it."
  }
  /// Nothing is drawn: losses are sums over all pairs. One seed names the run.
  public var seeds: [UInt64] { [1] }

  static let beta = 0.5
  static let weights = [0.2, 0.5, 0.8]
  static let stepCount = 1500
  static let learningRate = 0.05
  static let tolerance = 1e-4
  static let bestOf = 4

  /// The numbers that make the experiment.
  public var settings: JSONObject {
    [
      "beta": .number(Self.beta), "weights": .array(Self.weights.map { .number($0) }),
      "steps": .integer(Self.stepCount), "learning_rate": .number(Self.learningRate),
      "tolerance": .number(Self.tolerance), "best_of": .integer(Self.bestOf),
    ]
  }

  static let marginSign = Breakage("margin_sign", "the margin is added, not subtracted")
  static let noWeight = Breakage("no_weight", "the division by w_k is left out")
  static let swappedWeights = Breakage(
    "swapped_weights", "the weights of the two objectives change places")
  static let uniformReference = Breakage(
    "uniform_reference", "log-ratios are taken to a uniform reference")

  /// The mistakes it can be run with.
  public var breakages: [Breakage] {
    [Self.marginSign, Self.noWeight, Self.swappedWeights, Self.uniformReference]
  }

  /// The exact part.
  public var parts: [ReproductionPart] {
    [ReproductionPart("exact") { run in Self.exactFindings(run) }]
  }

  private static func exactFindings(_ run: ReproductionRun) -> Findings {
    let trainer = CompromiseTrainer(run: run)
    let studies = weights.map { weight in
      run.progress("modpo: w = \(weight)")
      return CompromiseStudy(weight: weight, trainer: trainer)
    }
    let alone = trainer.modpo(weight: 1, margins: Bandit.twoObjectives.rewards[1])
    let dpo = trainer.dpo(objective: 0)
    return Findings(
      tables: studies.map(\.table), claims: claims(studies, isDPO: alone == dpo),
      figures: [.scatter(CompromiseStudy.chart(studies))])
  }

  private static func claims(_ studies: [CompromiseStudy], isDPO: Bool) -> [Claim] {
    let exact = studies.map(\.exactMargins.distance).max() ?? .nan
    let learnt = studies.map(\.learntMargins.distance).max() ?? .nan
    let rewards = studies.map(\.exactMargins.rewards)
    let isFront = zip(rewards, rewards.dropFirst()).allSatisfy { before, after in
      after[0] > before[0] && after[1] < before[1]
    }
    let missed = studies.map(\.weightedLosses.distance)
    let shortfalls = studies.map { $0.exactMargins.objective - $0.weightedLosses.objective }
    let isBehind = shortfalls.allSatisfy { $0 > 0 } && missed.allSatisfy { $0 > tolerance }
    return [
      Claim(
        "with exact margins MODPO ends within \(tolerance) of the closed form, w = 0.2, 0.5 and 0.8",
        held: exact <= tolerance, evidence: "furthest probability \(exact.short)"),
      Claim(
        "so it does with margins of a DPO model of the second objective",
        held: learnt <= tolerance, evidence: "furthest probability \(learnt.short)"),
      Claim(
        "more weight means more of the first reward and less of the second", held: isFront,
        evidence: rewards.map { "(\($0[0].short), \($0[1].short))" }.joined(separator: ", ")),
      Claim(
        "weighting two DPO losses misses the closed form by more than that, and reaches less of wᵀr − β KL, at every weight",
        held: isBehind,
        evidence: "probabilities off by "
          + missed.map(\.short).joined(separator: ", ") + "; short by "
          + shortfalls.map(\.short).joined(separator: ", ")),
      Claim("with w = 1 it is DPO, bit for bit", held: isDPO),
    ]
  }
}
