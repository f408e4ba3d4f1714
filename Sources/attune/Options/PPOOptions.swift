// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Objectives
import Training

/// The choices of PPO; defaults are those for language models.
struct PPOOptions: ParsableArguments {
  @Option(
    name: .customLong("rollout_batch_size"),
    help: ArgumentHelp("Completions sampled for an update.", valueName: "count"))
  var rolloutCount: Int = 64

  @OptionGroup var rollout: RolloutOptions

  @Option(
    name: .customLong("num_ppo_epochs"),
    help: ArgumentHelp("Passes over the completions of an update.", valueName: "count"))
  var epochCount: Int = 4

  @Option(
    name: .customLong("num_mini_batches"),
    help: ArgumentHelp("Optimizer steps a pass.", valueName: "count"))
  var minibatchCount: Int = 1

  @Option(name: .customLong("kl_coef"), help: "Coefficient of the KL in the rewards, at the start.")
  var klCoefficient: Double = 0.05

  @Option(name: .customLong("kl_estimator"), help: "Estimate of the KL that is taxed.")
  var klEstimator: KLEstimator = .k1

  @Option(
    name: .customLong("target_kl"),
    help: ArgumentHelp(
      "Steer the coefficient to this KL a completion, in nats; 0 keeps it fixed.", valueName: "nats"
    ))
  var targetKL: Double = 0

  @Option(
    help: ArgumentHelp("Completions over which the coefficient adapts.", valueName: "count"))
  var horizon: Double = 10_000

  @Option(help: "Range of the policy's ratio.")
  var cliprange: Double = 0.2

  @Option(
    name: .customLong("cliprange_high"),
    help: ArgumentHelp("Upper range, where it differs.", valueName: "range"))
  var clipRangeHigh: Double?

  @Option(
    name: .customLong("dual_clip"),
    help: ArgumentHelp("Bound on the loss of bad actions, above 1; usual 3.", valueName: "factor"))
  var dualClip: Double?

  @Option(
    name: .customLong("cliprange_value"), help: "Range of the critic's change; 0 does not clip.")
  var clipRangeValue: Double = 0.2

  @Option(name: .customLong("vf_coef"), help: "Weight of the critic's loss.")
  var valueCoefficient: Double = 0.1

  @Option(name: .customLong("entropy_coef"), help: "Weight of the entropy bonus.")
  var entropyCoefficient: Double = 0

  @Option(help: "What a reward one token later is worth.")
  var gamma: Double = 1

  @Option(help: "Lambda of the advantages.")
  var lam: Double = 0.95

  @Option(
    name: .customLong("whiten_rewards"), help: "Divide token rewards by their deviation.")
  var whitensRewards: Bool = false

  @Option(name: .customLong("whiten_advantages"), help: "Over what advantages are whitened.")
  var whitening: PPOSettings.Whitening = .batch

  @Option(
    name: .customLong("score_position"), help: "Where the score of a completion stands.")
  var scorePosition: TokenRewards.ScorePosition = .lastToken

  @Option(
    name: .customLong("missing_eos_penalty"),
    help: ArgumentHelp("Taken off the score of a completion that does not end.", valueName: "score")
  )
  var missingEOSPenalty: Double?

  @Option(
    name: .customLong("missing_eos_score"),
    help: ArgumentHelp("Replaces the score of a completion that does not end.", valueName: "score"))
  var missingEOSScore: Double?

  @Option(name: .customLong("score_scaling"), help: "What scores are divided by.")
  var scaling: ScoreProcessing.Scaling = .none

  @Option(
    name: .customLong("score_clip"),
    help: ArgumentHelp("Bound of processed scores.", valueName: "bound"))
  var scoreClip: Double?

  @Option(
    name: .customLong("score_center"),
    help: ArgumentHelp(
      "Subtracted from scores: the mean score of reference completions.", valueName: "score"))
  var referenceMean: Double = 0

  func validate() throws {
    func require(_ holds: Bool, _ text: String) throws {
      guard holds else { throw ValidationError(text) }
    }
    try require(klCoefficient >= 0, "--kl_coef: expected at least 0, found \(klCoefficient)")
    try require(
      cliprange > 0 && cliprange < 1,
      "--cliprange: expected above 0 and below 1, found \(cliprange)")
    try require(
      (clipRangeHigh ?? 1) > 0, "--cliprange_high: expected above 0, found \(clipRangeHigh ?? 0)")
    try require(
      clipRangeValue >= 0, "--cliprange_value: expected at least 0, found \(clipRangeValue)")
    try require((dualClip ?? 2) > 1, "--dual_clip: expected above 1, found \(dualClip ?? 0)")
    try require(horizon > 0 && targetKL >= 0, "--target_kl and --horizon: expected above 0")
    try require(
      (0...1).contains(gamma) && (0...1).contains(lam), "--gamma and --lam: expected 0 to 1")
    try require((scoreClip ?? 1) > 0, "--score_clip: expected above 0, found \(scoreClip ?? 0)")
    try require(
      valueCoefficient >= 0 && entropyCoefficient >= 0,
      "--vf_coef and --entropy_coef: expected at least 0")
    try require(
      missingEOSPenalty == nil || missingEOSScore == nil,
      "--missing_eos_penalty and --missing_eos_score: give one of them")
  }

  /// The method's settings with a way of sampling.
  func settings(_ sampling: SamplingOptions) -> PPOSettings {
    var settings = PPOSettings()
    settings.rolloutCount = rolloutCount
    settings.epochCount = epochCount
    settings.minibatchCount = minibatchCount
    settings.sampling = sampling.settings
    settings.generationBatchSize = rollout.readingBatchSize ?? rolloutCount
    settings.readingBatchSize = rollout.readingBatchSize
    settings.objective = PPO(
      policyLoss: ClippedPolicyLoss(
        clipRange: cliprange, clipRangeHigh: clipRangeHigh, dualClip: dualClip),
      valueLoss: ClippedValueLoss(clipRangeValue: clipRangeValue > 0 ? clipRangeValue : nil),
      valueCoefficient: valueCoefficient, entropyCoefficient: entropyCoefficient)
    settings.advantages = GeneralizedAdvantage(gamma: gamma, gaeLambda: lam)
    settings.tokenRewards = TokenRewards(scorePosition: scorePosition, estimator: klEstimator)
    settings.klController = KLController(
      klCoefficient, rule: targetKL > 0 ? .adaptive(target: targetKL, horizon: horizon) : .fixed)
    settings.scoreProcessing = ScoreProcessing(
      referenceMean: referenceMean, scaling: scaling, clip: scoreClip)
    settings.missingEOS =
      missingEOSPenalty.map { .penalty($0) } ?? missingEOSScore.map { .score($0) } ?? .ignored
    settings.whitensRewards = whitensRewards
    settings.whitening = whitening
    settings.reusesSamplingLogProbs = rollout.reusesSamplingLogProbs
    return settings
  }
}
