// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import LanguageModels
public import Objectives
public import Torch

/// Trains a policy on groups of sampled completions with any ``CriticFreeMethod``: GRPO and its kin, RLOO, REINFORCE++.
///
/// Each update samples G completions of some prompts, scores them, estimates advantages and takes one or a few steps.
/// The five calls of ``fit(_:heldOut:run:save:log:)`` are the whole method; its formulas are the method's.
public struct PolicyGradientTrainer {
  /// Updated.
  public let policy: any LanguageModel
  /// Frozen; the KL is measured against it. Not used where the method wants no KL.
  public let reference: (any LanguageModel)?
  /// What is maximised, as a weighted sum.
  public let rewards: [RewardSource]
  /// Holds the policy's parameters.
  public let optimizer: any Optimizer
  /// How a step is taken; its schedule counts updates.
  public let plan: StepPlan
  /// The formulas.
  public let method: any CriticFreeMethod
  /// The other choices.
  public let settings: PolicyGradientSettings

  /// Creates a trainer.
  ///
  /// - Throws: ``TrainingError/badSetting(name:value:wanted:)``.
  public init(
    policy: any LanguageModel, reference: (any LanguageModel)?, rewards: [RewardSource],
    optimizer: any Optimizer, plan: StepPlan, method: any CriticFreeMethod,
    settings: PolicyGradientSettings
  ) throws {
    try settings.validate(leastGroupSize: method.leastGroupSize)
    guard reference != nil || !method.readsReference else {
      throw TrainingError.badSetting(
        name: "beta", value: "above 0", wanted: "a reference to measure the KL against, or 0")
    }
    self.policy = policy
    self.reference = method.readsReference ? reference : nil
    self.rewards = rewards
    self.optimizer = optimizer
    self.plan = plan
    self.method = method
    self.settings = settings
  }

  /// Trains until the run's last update.
  ///
  /// - Parameters:
  ///   - prompts: what to complete.
  ///   - heldOut: prompts for evaluation; nil evaluates nothing.
  ///   - run: bookkeeping; its steps are updates.
  ///   - save: writes policy and optimizer into a checkpoint.
  ///   - log: sees the completions of each logged update with their scores and advantages.
  /// - Throws: ``TrainingError``, ``TrainingInterrupted``, errors of reward functions, log and checkpoints.
  public func fit(
    _ prompts: [PromptRow], heldOut: [PromptRow]? = nil, run: TrainingRun,
    save: (URL) throws -> Void, log: ((ScoredRollouts, Int) throws -> Void)? = nil
  ) throws {
    let order = DataOrder(
      rowCount: prompts.count, batchSize: settings.promptCount, seed: settings.seed,
      shuffles: settings.shuffles, fillsBatches: true)
    try run.begin(save: save)
    for indices in order.batches(from: run.step).prefix(run.remainingStepCount) {
      try Task.checkCancellation()
      let start = Date()
      var metrics = MetricMeans()

      let rollouts = sample(
        groups(of: indices.map { prompts[$0] }), stream: (0x6E0A, UInt64(run.step)), &metrics)
      var scored = try score(rollouts, update: run.step, &metrics)
      tellMissing(scored, run.log)
      try replaceEqualGroups(&scored, prompts, update: run.step, &metrics)
      let experience = estimateAdvantages(scored, &metrics)
      try update(experience, update: run.step, &metrics)
      tellDrift(metrics, run.log)
      if run.logsThisStep {
        try log?(scored.with(advantages: experience.meanAdvantages), run.step + 1)
      }

      metrics.add("timing/step_total", Date().timeIntervalSince(start))
      try run.finishStep(
        metrics, epoch: order.epoch(after: run.step + 1),
        tokenCount: scored.rollouts.reduce(0) { $0 + $1.row.ids.count },
        evaluate: heldOut.map { held in { try evaluate(held, update: run.step) } }, save: save)
    }
  }

  // MARK: Sample

  /// Each prompt as often as it is completed.
  func groups(of prompts: [PromptRow]) -> [PromptRow] {
    prompts.flatMap { [PromptRow](repeating: $0, count: settings.groupSize) }
  }

  /// Draws a completion for each prompt; `stream` and the row fix its random numbers.
  func sample(
    _ prompts: [PromptRow], stream: (UInt64, UInt64), _ metrics: inout MetricMeans
  ) -> [Rollout] {
    let start = Date()
    let longest = prompts.reduce(0) { max($0, $1.ids.count) } + settings.sampling.maxNewTokens
    // A group that is decoded together reads its prompt once anyway; one that is cut finds it in kept texts.
    let keepsPrompts = settings.generationBatchSize < prompts.count
    let rollouts = drawCompletions(
      of: prompts,
      from: Sampler(
        policy, settings.sampling, batchSize: settings.generationBatchSize,
        prefixCacheTokens: keepsPrompts ? 2 * longest : 0),
      seed: settings.seed, stream: stream, autocast: plan.autocast)
    metrics.add("timing/generate", Date().timeIntervalSince(start))
    return rollouts
  }

  // MARK: Score

  /// Asks the reward sources and sums their scores.
  func score(
    _ rollouts: [Rollout], update: Int, _ metrics: inout MetricMeans
  ) throws -> ScoredRollouts {
    let start = Date()
    var (parts, total) = try withAutocast(plan.autocast, on: policy.device) {
      try rewards.scores(rollouts, update: update, &metrics)
    }
    if let penalty = settings.overlongPenalty {
      for (row, rollout) in rollouts.enumerated() {
        total[row] += penalty(tokenCount: rollout.completion.ids.count)
      }
    }
    let ended = rollouts.map { $0.completion.stopReason != .length }
    let scores = settings.missingEOS.applied(to: Tensor(total).to(.float32), ended)
    metrics.add("timing/reward", Date().timeIntervalSince(start))
    return ScoredRollouts(rollouts: rollouts, parts: parts, scores: scores.floats)
  }

  // MARK: Estimate advantages

  private func estimateAdvantages(
    _ scored: ScoredRollouts, _ metrics: inout MetricMeans
  ) -> GroupExperience {
    var experience = GroupExperience(
      scored.rollouts, padTokenID: plan.padTokenID, masksTruncated: settings.masksTruncated)
    withoutGrad { read(&experience, &metrics) }
    experience.advantages = method.advantages(
      ScoredCompletions(
        scores: Tensor(scored.scores),
        parts: zip(scored.parts, rewards).map {
          (Tensor($0.values).to(.float32), $1.weight)
        },
        groupSize: settings.groupSize, oldLogProbs: experience.oldLogProbs,
        referenceLogProbs: experience.referenceLogProbs, mask: experience.tables.mask))
    // A single step finds the policy as it sampled: the ratio is 1 without any rounding.
    if settings.stepCount == 1 { experience.oldLogProbs = nil }
    metrics.add(GroupScores(scored.scores, settings.groupSize))
    metrics.addLengths(scored.rollouts)
    metrics.addTerminatedLengths(scored.rollouts)
    return experience
  }

  /// Log-probabilities before the update, from the same forward pass as training's, where they will be needed.
  private func read(_ experience: inout GroupExperience, _ metrics: inout MetricMeans) {
    let wantsOld = settings.stepCount > 1 || method.taxesKL
    if wantsOld {
      let start = Date()
      experience.oldLogProbs =
        settings.reusesSamplingLogProbs
        ? experience.samplingLogProbs : logProbs(policy, experience.tables)
      metrics.add("timing/old_logprob", Date().timeIntervalSince(start))
    }
    if let reference {
      let start = Date()
      experience.referenceLogProbs = logProbs(reference, experience.tables)
      metrics.add("timing/ref_logprob", Date().timeIntervalSince(start))
    }
    if method.taxesKL, let old = experience.oldLogProbs,
      let reference = experience.referenceLogProbs
    {
      let mask = experience.tables.mask
      let kl = TokenRewards(estimator: .k3).kl(
        tokenLogProbs: old, referenceLogProbs: reference, mask: mask)
      metrics.add("kl", maskedMean(kl, mask).item, weight: mask.sum().item)
      metrics.add("kl_sequence", kl.sum(1).mean().item)
    }
  }

  /// log π of the completions' tokens under a model, `[B, T]`.
  func logProbs(_ model: any LanguageModel, _ tables: RolloutTables) -> Tensor {
    let size = settings.readingBatchSize ?? plan.microbatchSize
    return concatenated(
      tables.parts(of: size).map { part in
        let tokens = tables.batch(part, device: policy.device)
        let result = withAutocast(plan.autocast, on: policy.device) {
          model.targetLogProbs(of: tokens, temperature: settings.sampling.temperature)
        }
        return tables.table(result.logProbs, tokens)
      })
  }

  // MARK: Update

  private func update(
    _ experience: GroupExperience, update: Int, _ metrics: inout MetricMeans
  ) throws {
    let start = Date()
    let count = experience.tables.rows.count
    var random = SplitMix(settings.seed, 0x3141, UInt64(update))
    var clips = ClipExtremes()
    for iteration in 0..<settings.iterationCount {
      let shuffled = Array(0..<count).shuffled(using: &random)
      let size = (count + settings.minibatchCount - 1) / settings.minibatchCount
      for (place, minibatch) in shuffled.chunks(of: size).enumerated() {
        let isFirst = iteration == 0 && place == 0
        let means = try step(experience.choosing(minibatch.sorted()), update, isFirst: isFirst)
        metrics.add(means)
        clips.add(means)
      }
    }
    clips.report(to: &metrics)
    metrics.add("timing/update", Date().timeIntervalSince(start))
  }

  /// One optimizer step.
  ///
  /// - Parameters:
  ///   - minibatch: the completions it learns from.
  ///   - update: updates done.
  ///   - isFirst: whether the policy is still the one that sampled.
  /// - Returns: its means.
  /// - Throws: ``TrainingError/notFinite(what:step:rows:)``; nothing has changed then.
  private func step(
    _ minibatch: GroupExperience, _ update: Int, isFirst: Bool
  ) throws -> MetricMeans {
    optimizer.zeroGrad()
    let loss = method.loss
    let weight = loss.weight(minibatch.lossMask)
    var metrics = MetricMeans()
    var drift = SamplerDrift()
    let (chosen, idle) = split(minibatch)
    metrics.addIdle(idle, loss)
    for part in chosen?.tables.parts(of: plan) ?? [] {
      guard let chosen else { break }
      let tokens = chosen.tables.batch(part, device: policy.device)
      metrics.addSharing(tokens, in: policy)
      let result = withAutocast(plan.autocast, on: policy.device) {
        policy.targetLogProbs(
          of: tokens, temperature: settings.sampling.temperature, wantsEntropy: true,
          checkpointing: plan.checkpointsActivations)
      }
      let rollouts = chosen.rollouts(part)
      let logProbs = chosen.tables.table(result.logProbs, tokens)
      let terms = loss(tokenLogProbs: logProbs, rollouts: rollouts)
      (terms.loss * (terms.weight / max(weight, 1))).backward()
      metrics.add(terms)
      let mask = chosen.tables.mask.narrowed(0, part)
      if let entropy = result.entropy {
        metrics.add("entropy", entropy.detached().mean().item, weight: Double(tokens.targetCount))
      }
      if isFirst {
        drift.add(logProbs, sampler: chosen.samplingLogProbs.narrowed(0, part), mask: mask)
      }
    }
    drift.report(to: &metrics)
    guard chosen != nil else {
      metrics.add("grad_norm", 0)
      metrics.set("learning_rate", plan.schedule.rate(at: update))
      return metrics
    }
    try plan.apply(optimizer, &metrics, step: update, rows: [])
    return metrics
  }

  /// The completions that have a gradient, those of a prompt still side by side, and the others. Where nothing has
  /// one, no step is taken: an optimizer would go on by its momentum alone.
  private func split(_ minibatch: GroupExperience) -> (GroupExperience?, GroupExperience?) {
    let hasAdvantage = minibatch.hasAdvantage
    let hasKL = method.loss.klCoefficient > 0
    let rows = minibatch.tables.rows
    let useful = rows.indices.filter { hasKL || hasAdvantage[$0] }
    let idle = rows.indices.filter { !hasKL && !hasAdvantage[$0] }
    return (
      useful.isEmpty ? nil : minibatch.choosing(useful),
      idle.isEmpty ? nil : minibatch.choosing(idle)
    )
  }
}

extension CriticFreeMethod {
  /// Whether the reference's log-probabilities are needed at all.
  var readsReference: Bool { taxesKL || loss.klCoefficient > 0 }
}
