// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import LanguageModels
public import Objectives
public import Torch

/// Proximal Policy Optimization with a critic, for language models.
///
/// Each update samples completions, scores them, estimates advantages and takes a few clipped steps. The five calls
/// of ``fit(_:run:save:log:)`` are the whole method; every detail they follow is a property of ``PPOSettings``.
///
/// Source: Ziegler et al. 2019, arXiv:1909.08593; Stiennon et al. 2020, arXiv:2009.01325; Huang et al. 2024,
/// arXiv:2403.17031.
public struct PPOTrainer {
  /// Updated.
  public let policy: any LanguageModel
  /// Frozen; the KL is measured against it.
  public let reference: any LanguageModel
  /// Updated.
  public let critic: ScalarHeadModel
  /// What is maximised, as a weighted sum.
  public let rewards: [RewardSource]
  /// Holds the policy's parameters.
  public let optimizer: any Optimizer
  /// Holds the critic's parameters.
  public let criticOptimizer: any Optimizer
  /// How a step is taken; its schedule counts updates and is the policy's.
  public let plan: StepPlan
  /// The critic's learning rate over the updates.
  public let criticSchedule: LearningRateSchedule
  /// The method's choices.
  public let settings: PPOSettings
  /// State that a checkpoint keeps: the KL coefficient and the scale of scores.
  public internal(set) var state: PPOState

  /// Creates a trainer.
  ///
  /// - Throws: ``TrainingError/badSetting(name:value:wanted:)``.
  public init(
    policy: any LanguageModel, reference: any LanguageModel, critic: ScalarHeadModel,
    rewards: [RewardSource], optimizer: any Optimizer, criticOptimizer: any Optimizer,
    plan: StepPlan, criticSchedule: LearningRateSchedule, settings: PPOSettings
  ) throws {
    try settings.validate()
    self.policy = policy
    self.reference = reference
    self.critic = critic
    self.rewards = rewards
    self.optimizer = optimizer
    self.criticOptimizer = criticOptimizer
    self.plan = plan
    self.criticSchedule = criticSchedule
    self.settings = settings
    state = PPOState(klController: settings.klController, scoreProcessing: settings.scoreProcessing)
  }

  /// Trains until the run's last update.
  ///
  /// - Parameters:
  ///   - prompts: what to complete.
  ///   - heldOut: prompts for evaluation; nil evaluates nothing.
  ///   - run: bookkeeping; its steps are updates.
  ///   - save: writes policy, critic and this trainer's state into a checkpoint.
  ///   - log: sees the rollouts of each logged update with their scores and advantages.
  /// - Throws: ``TrainingError``, ``TrainingInterrupted``, errors of reward functions, log and checkpoints.
  public mutating func fit(
    _ prompts: [PromptRow], heldOut: [PromptRow]? = nil, run: TrainingRun,
    save: (URL, PPOState) throws -> Void,
    log: ((ScoredRollouts, Int) throws -> Void)? = nil
  ) throws {
    let order = DataOrder(
      rowCount: prompts.count, batchSize: settings.rolloutCount, seed: settings.seed,
      shuffles: settings.shuffles, fillsBatches: true)
    try run.begin { try save($0, state) }
    for indices in order.batches(from: run.step).prefix(run.remainingStepCount) {
      try Task.checkCancellation()
      let start = Date()
      var metrics = MetricMeans()

      let rollouts = sample(
        indices.map { prompts[$0] }, stream: (0x5A3B, UInt64(run.step)), &metrics)
      let scored = try score(rollouts, update: run.step, &metrics)
      let experience = estimateAdvantages(scored, &metrics)
      try update(experience, update: run.step, &metrics)
      if run.logsThisStep {
        try log?(scored.with(advantages: experience.meanAdvantages), run.step + 1)
      }
      let trainer = self
      let seconds = max(1e-9, Date().timeIntervalSince(start))
      metrics.add("timing/step_total", seconds)
      metrics.add("eps", Double(rollouts.count) / seconds)

      try run.finishStep(
        metrics, epoch: order.epoch(after: run.step + 1),
        tokenCount: rollouts.reduce(0) { $0 + $1.row.ids.count },
        evaluate: heldOut.map { held in { try trainer.evaluate(held, update: run.step) } },
        save: { try save($0, state) })
    }
  }

  // MARK: Sample

  /// Draws a completion for each prompt; `stream` and the row fix its random numbers.
  func sample(
    _ prompts: [PromptRow], stream: (UInt64, UInt64), _ metrics: inout MetricMeans
  ) -> [Rollout] {
    let start = Date()
    let rollouts = drawCompletions(
      of: prompts,
      from: Sampler(policy, settings.sampling, batchSize: settings.generationBatchSize),
      seed: settings.seed, stream: stream, autocast: plan.autocast)
    metrics.add("timing/generate", Date().timeIntervalSince(start))
    return rollouts
  }

  // MARK: Score

  private mutating func score(
    _ rollouts: [Rollout], update: Int, _ metrics: inout MetricMeans
  ) throws -> ScoredRollouts {
    var processing = state.scoreProcessing
    let scored = try score(rollouts, update: update, &processing, &metrics)
    state.scoreProcessing = processing
    return scored
  }

  /// Asks the reward sources and processes their weighted sum.
  func score(
    _ rollouts: [Rollout], update: Int, _ processing: inout ScoreProcessing,
    _ metrics: inout MetricMeans
  ) throws -> ScoredRollouts {
    let start = Date()
    let (parts, total) = try withAutocast(plan.autocast, on: policy.device) {
      try rewards.scores(rollouts, update: update, &metrics)
    }
    if let row = total.firstIndex(where: \.isNaN) {
      throw TrainingError.noScore(
        source: "total", value: .nan, prompt: rollouts[row].prompt.text, step: update + 1)
    }
    let ended = rollouts.map { $0.completion.stopReason != .length }
    let scores = settings.missingEOS.applied(to: processing(Tensor(total).to(.float32)), ended)
    metrics.add("timing/reward", Date().timeIntervalSince(start))
    metrics.add("objective/scores", scores.mean().item)
    metrics.add("objective/raw_scores", Moments(total).mean)
    metrics.add("objective/raw_scores_std", Moments(total).deviation)
    metrics.add("val/num_eos_tokens", Double(ended.count(where: { $0 })))
    metrics.addLengths(rollouts)
    return ScoredRollouts(rollouts: rollouts, parts: parts, scores: scores.floats)
  }

  // MARK: Estimate advantages

  private mutating func estimateAdvantages(
    _ scored: ScoredRollouts, _ metrics: inout MetricMeans
  ) -> Experience {
    var experience = Experience(
      scored.rollouts, scoresAfterLast: settings.tokenRewards.scorePosition == .afterLast,
      padTokenID: plan.padTokenID)
    withoutGrad { read(&experience, scored, &metrics) }
    let beta = state.klController.coefficient
    let klTable = settings.tokenRewards.kl(
      tokenLogProbs: experience.oldLogProbs, referenceLogProbs: experience.referenceLogProbs,
      mask: experience.mask)
    var tokenRewards = settings.tokenRewards(
      scores: Tensor(scored.scores), tokenLogProbs: experience.oldLogProbs,
      referenceLogProbs: experience.referenceLogProbs, mask: experience.mask, klCoefficient: beta)
    let valueMask = settings.tokenRewards.valueMask(experience.mask).to(.float32)
    if settings.whitensRewards {
      tokenRewards = Whitening(shiftsMean: false)(tokenRewards, mask: valueMask)
    }
    let estimate = settings.advantages(
      rewards: tokenRewards, values: experience.oldValues, mask: valueMask)
    experience.returns = estimate.returns
    experience.valueMask = valueMask
    experience.meanAdvantages =
      ((estimate.advantages * experience.mask).sum(1) / experience.mask.sum(1)).floats
    experience.advantages =
      settings.whitening == .batch
      ? Whitening()(estimate.advantages, mask: experience.mask) : estimate.advantages

    let sequenceKL = klTable.sum(1).mean().item
    let surprise = -(experience.oldLogProbs * experience.mask).sum(1).mean().item
    let score = Moments(scored.scores.map(Double.init)).mean
    metrics.add("objective/kl", sequenceKL)
    metrics.add("objective/entropy", surprise)
    metrics.add("objective/non_score_reward", -beta * sequenceKL)
    metrics.add("objective/rlhf_reward", score - beta * sequenceKL)
    metrics.set("kl_coef", beta)
    metrics.add(
      "value/explained_variance",
      explainedVariance(values: experience.oldValues, returns: estimate.returns, mask: valueMask)
        .item)
    state.klController.update(sequenceKL: sequenceKL, episodeCount: scored.rollouts.count)
    state.episodeCount += scored.rollouts.count
    metrics.set("episode", Double(state.episodeCount))
    return experience
  }

  /// Log-probabilities and values of the rollouts before the update, from the same forward pass as training's.
  private func read(
    _ experience: inout Experience, _ scored: ScoredRollouts, _ metrics: inout MetricMeans
  ) {
    var seconds = (policy: 0.0, reference: 0.0, value: 0.0)
    var old: [Tensor] = []
    var reference: [Tensor] = []
    var values: [Tensor] = []
    for part in experience.tables.parts(of: readingBatchSize) {
      let tokens = experience.tables.batch(part, device: policy.device)
      let start = Date()
      if !settings.reusesSamplingLogProbs {
        old.append(experience.tables.table(logProbs(policy, tokens), tokens))
      }
      let afterPolicy = Date()
      reference.append(experience.tables.table(logProbs(self.reference, tokens), tokens))
      let afterReference = Date()
      values.append(experience.tables.table(self.values(tokens), tokens))
      seconds.policy += afterPolicy.timeIntervalSince(start)
      seconds.reference += afterReference.timeIntervalSince(afterPolicy)
      seconds.value += Date().timeIntervalSince(afterReference)
    }
    experience.oldLogProbs =
      settings.reusesSamplingLogProbs
      ? experience.tables.table(scored.rollouts.map(\.completion.logProbs)) : concatenated(old)
    experience.referenceLogProbs = concatenated(reference)
    experience.oldValues = concatenated(values)
    metrics.add("timing/old_logprob", seconds.policy)
    metrics.add("timing/ref_logprob", seconds.reference)
    metrics.add("timing/value", seconds.value)
  }

  /// Rows of a forward pass without gradient.
  var readingBatchSize: Int { settings.readingBatchSize ?? plan.microbatchSize }

  /// log π of the completions' tokens under a model.
  func logProbs(_ model: any LanguageModel, _ tokens: TokenBatch) -> Tensor {
    withAutocast(plan.autocast, on: policy.device) {
      model.targetLogProbs(of: tokens, temperature: settings.sampling.temperature).logProbs
    }
  }

  private func values(_ tokens: TokenBatch) -> Tensor {
    withAutocast(plan.autocast, on: policy.device) {
      critic.values(of: tokens, checkpointing: plan.checkpointsActivations)
    }
  }

  // MARK: Update

  private func update(
    _ experience: Experience, update: Int, _ metrics: inout MetricMeans
  ) throws {
    let start = Date()
    let count = experience.rows.count
    var random = SplitMix(settings.seed, 0x3141, UInt64(update))
    var ratios: [Double] = []
    for _ in 0..<settings.epochCount {
      let shuffled = Array(0..<count).shuffled(using: &random)
      let size = (count + settings.minibatchCount - 1) / settings.minibatchCount
      for minibatch in shuffled.chunks(of: size) {
        let means = try step(minibatch.sorted(), experience, update)
        metrics.add(means)
        if let ratio = means["val/ratio"] { ratios.append(ratio) }
      }
    }
    let spread = Moments(ratios).deviation
    metrics.add("val/ratio_var", spread * spread)
    metrics.add("timing/update", Date().timeIntervalSince(start))
  }

  /// One optimizer step of policy and critic.
  ///
  /// - Returns: its means, over the minibatch's tokens where they are of tokens.
  private func step(
    _ minibatch: [Int], _ experience: Experience, _ update: Int
  ) throws -> MetricMeans {
    optimizer.zeroGrad()
    criticOptimizer.zeroGrad()
    let chosen = experience.choosing(minibatch, whitens: settings.whitening == .minibatch)
    let tokenCount = chosen.mask.sum().item
    var stepMetrics = MetricMeans()
    for part in chosen.tables.parts(of: plan) {
      let tokens = chosen.tables.batch(part, device: policy.device)
      let result = withAutocast(plan.autocast, on: policy.device) {
        policy.targetLogProbs(
          of: tokens, temperature: settings.sampling.temperature, wantsEntropy: true,
          checkpointing: plan.checkpointsActivations)
      }
      let terms = settings.objective(
        tokenLogProbs: chosen.tables.table(result.logProbs, tokens),
        values: chosen.tables.table(values(tokens), tokens),
        entropy: result.entropy.map { chosen.tables.table($0, tokens) },
        rollouts: chosen.rollouts(part))
      (terms.loss * (terms.weight / tokenCount)).backward()
      stepMetrics.add(terms)
    }
    criticOptimizer.learningRate = criticSchedule.rate(at: update)
    let criticNorm = criticOptimizer.clipGradNorm(to: plan.maxGradNorm)
    guard criticNorm.isFinite else {
      throw TrainingError.notFinite(what: "critic's gradient", step: update + 1, rows: [])
    }
    try plan.apply(optimizer, &stepMetrics, step: update, rows: [])
    criticOptimizer.step()
    stepMetrics.add("critic/grad_norm", criticNorm)
    return stepMetrics
  }
}

/// What a PPO checkpoint keeps besides weights and optimizers.
public struct PPOState: Codable, Sendable, Equatable {
  /// The KL coefficient now, and its rule.
  public var klController: KLController
  /// The scale of scores now.
  public var scoreProcessing: ScoreProcessing
  /// Completions sampled so far.
  public var episodeCount = 0

  init(klController: KLController, scoreProcessing: ScoreProcessing) {
    self.klController = klController
    self.scoreProcessing = scoreProcessing
  }

  /// Writes `ppo_state.json` into a checkpoint.
  public func write(to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(self).write(to: folder.appending(path: "ppo_state.json"))
  }

  /// Reads it back.
  ///
  /// - Throws: ``TrainingError/cannotResume(path:reason:)``.
  public init(checkpoint: URL) throws {
    do {
      let data = try Data(contentsOf: checkpoint.appending(path: "ppo_state.json"))
      self = try JSONDecoder().decode(PPOState.self, from: data)
    } catch {
      throw TrainingError.cannotResume(
        path: checkpoint.path, reason: "ppo_state.json is missing or broken")
    }
  }
}

extension PPOTrainer {
  /// Puts back what a checkpoint kept.
  public mutating func restore(_ state: PPOState) { self.state = state }
}
