// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
public import Feedback

/// Online IPO and IPO-MD find the Nash equilibrium of cyclic preferences; losses built on a reward do not.
public struct OnlineIPOReproduction: Reproduction {
  /// Creates the reproduction.
  public init() {}

  /// `online_ipo`.
  public var name: String { "online_ipo" }
  /// The method's name.
  public var title: String { "Online IPO and IPO-MD" }
  /// The paper.
  public var source: String { "Calandriello et al. 2024, arXiv:2403.08635" }
  /// What is done.
  public var summary: String {
    "Four answers whose preferences go in a circle. Online IPO must end at the Nash equilibrium of the game held to the "
      + "reference with weight τ, the sampling mixture of IPO-MD at that for τ/(1 − β); offline losses, and losses that "
      + "assume a reward behind the preferences, end elsewhere."
  }
  /// Seeds of the sampled runs.
  public var seeds: [UInt64] { [1, 2, 3] }

  static let klCoefficients = [0.5, 0.1]
  static let mixtureWeights = [0.25, 0.5]
  static let stepCount = 6000
  static let learningRate = 0.01
  static let sampledPairCount = 256
  /// How far a probability may be from the equilibrium: exact gradients, and sampled ones.
  static let exactTolerance = 1e-4
  static let sampledTolerance = 0.02

  /// The numbers that make the experiment.
  public var settings: JSONObject {
    [
      "kl_coefficients": .array(Self.klCoefficients.map { .number($0) }),
      "mixture_weights": .array(Self.mixtureWeights.map { .number($0) }),
      "steps": .integer(Self.stepCount), "learning_rate": .number(Self.learningRate),
      "lr_schedule": "linear", "sampled_pairs_per_step": .integer(Self.sampledPairCount),
      "exact_tolerance": .number(Self.exactTolerance),
      "sampled_tolerance": .number(Self.sampledTolerance),
    ]
  }

  static let flippedPreferences = Breakage(
    "flipped_preferences", "the label goes to the answer that lost")
  static let uniformReference = Breakage(
    "uniform_reference", "log-ratios are taken to a uniform reference")
  static let samplingGradient = Breakage(
    "sampling_gradient", "the gradient flows through the sampling too")
  static let offPolicy = Breakage("off_policy", "pairs come from the reference, not the policy")

  /// The mistakes it can be run with.
  public var breakages: [Breakage] {
    [Self.flippedPreferences, Self.uniformReference, Self.samplingGradient, Self.offPolicy]
  }

  /// The exact part.
  public var parts: [ReproductionPart] {
    [ReproductionPart("exact") { run in try Self.exactFindings(run) }]
  }

  private static func exactFindings(_ run: ReproductionRun) throws -> Findings {
    let game = PreferenceGame.cyclic
    let studies = try klCoefficients.map { tau in
      run.progress("online_ipo: exact gradients, τ = \(tau)")
      return try GameStudy(game: game, klCoefficient: tau, run: run)
    }
    let sampled = klCoefficients.map { tau in
      run.progress("online_ipo: sampled pairs, τ = \(tau)")
      return SampledOnlineIPO(game: game, klCoefficient: tau, run: run)
    }
    return Findings(
      tables: studies.map(\.table) + [SampledOnlineIPO.table(sampled)],
      claims: claims(studies, sampled),
      figures: studies.map { .lines($0.chart) })
  }

  private static func claims(
    _ studies: [GameStudy], _ sampled: [SampledOnlineIPO]
  ) -> [Claim] {
    func worst(_ distances: [Double]) -> Double { distances.max() ?? .nan }
    let online = worst(studies.map { $0.online.distance(to: $0.nash) })
    let mixtures = worst(studies.flatMap(\.mixtureDistances))
    let gradients = worst(studies.map(\.nashMDDistance))
    let draws = worst(sampled.flatMap(\.distances))
    let bradleyTerry = studies.map { $0.onlineDPO.l1(to: $0.nash) }.min() ?? .nan
    let rival = studies.flatMap { study in study.rivals.map(\.exploitability) }.min() ?? .nan
    let own = worst(studies.map(\.online.exploitability))
    return [
      Claim(
        "online IPO ends within \(exactTolerance) of the Nash equilibrium, τ = 0.5 and 0.1",
        held: online <= exactTolerance, evidence: "furthest probability \(online.short)"),
      Claim(
        "IPO-MD's sampling mixture ends within \(exactTolerance) of the equilibrium for τ/(1 − β), β = 0.25 and 0.5",
        held: mixtures <= exactTolerance, evidence: "furthest probability \(mixtures.short)"),
      Claim(
        "Nash-MD-PG and IPO-MD end at the same policy (β = 0.25)",
        held: gradients <= exactTolerance, evidence: "furthest probability \(gradients.short)"),
      Claim(
        "with \(sampledPairCount) sampled pairs a step and hard labels, online IPO ends within \(sampledTolerance) on every seed",
        held: draws <= sampledTolerance, evidence: "furthest probability \(draws.short)"),
      Claim(
        "online DPO ends elsewhere: at least 0.15 from the equilibrium in L1",
        held: bradleyTerry >= 0.15, evidence: "nearest \(bradleyTerry.short)"),
      Claim(
        "every offline or reward-based rival can be exploited by at least 100 times as much as online IPO",
        held: own < rival / 100 && rival > 0,
        evidence: "online IPO \(own.short), least exploitable rival \(rival.short)"),
    ]
  }
}
