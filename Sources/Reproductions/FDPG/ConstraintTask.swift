// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import Feedback
import Foundation
import Objectives
import Torch

/// How a policy is moved towards the constraint.
struct ConstraintMethod {
  /// The update.
  enum Update {
    /// f-DPG towards P = a·b.
    case fdpg(FDPG, hasBaseline: Bool)
    /// A policy gradient on b alone.
    case reinforce
    /// Reverse KL to P = a·exp(b/β): what reinforcement learning with a KL penalty aims at.
    case penalised(beta: Double)
  }

  let name: String
  let update: Update

  init(_ name: String, _ update: Update) {
    self.name = name
    self.update = update
  }

  /// What is minimised; REINFORCE is measured by the divergence that RL minimises.
  var divergence: FDivergence {
    switch update {
    case .fdpg(let objective, _): objective.divergence
    case .reinforce, .penalised: .reverseKL
    }
  }
}

/// Strings of eight bits that are 1 with probability 0.7, of which those with exactly three ones are wanted.
struct ConstraintTask {
  let strings = BitStrings(length: 8)
  /// log a, `[256]`.
  let base: [Double]
  /// b, `[256]`.
  let constraint: [Double]
  /// p, `[256]`.
  let target: [Double]
  /// Z = Σ a b.
  let normalizer: Double

  init() {
    base = strings.logProbabilities(ofOnes: 0.7)
    constraint = strings.oneCounts.map { $0 == 3 ? 1 : 0 }
    let (scores, sum) = BitStrings.target(base: base, factor: constraint)
    normalizer = sum
    target = scores.map { exp($0) / sum }
  }

  /// log P for a divergence: floored where f′(∞) is infinite.
  func scores(_ divergence: FDivergence, run: ReproductionRun) -> [Double] {
    let least = divergence.slopeAtInfinity.isFinite ? 0 : FDPGReproduction.floor
    let factor = constraint.map { max($0, least) }
    let origin = run.has(FDPGReproduction.noBase) ? base.map { _ in 0.0 } : base
    return BitStrings.target(base: origin, factor: factor).logScores
  }

  /// The right p of a divergence, floored where its f′(∞) is infinite.
  func target(of divergence: FDivergence) -> [Double] {
    guard !divergence.slopeAtInfinity.isFinite else { return target }
    return Simplex.softmax(
      zip(base, constraint).map { $0 + log(max($1, FDPGReproduction.floor)) })
  }

  /// The objective with whatever mistake is asked for.
  func loss(
    _ objective: FDPG, policy: Tensor, target: Tensor, logNormalizer: Double, baseline: Double,
    run: ReproductionRun
  ) -> Tensor {
    let isSwapped = run.has(FDPGReproduction.swappedRatio)
    let logZ = run.has(FDPGReproduction.noNormalizer) ? 0 : logNormalizer
    let terms: Terms
    if isSwapped {
      // Forbidden strings would make every gradient infinite.
      let ratios = ((target - logZ) - policy.detached()).clamped(-30, 30)
      let pulls = objective.divergence.slope(ratios) + baseline
      terms = Terms(loss: (pulls * policy).mean(), weight: 1)
    } else {
      terms = objective(
        policy: policy, target: target, logNormalizer: logZ, baseline: baseline)
    }
    return run.has(FDPGReproduction.wrongSign) ? -terms.loss : terms.loss
  }

  /// One method, one seed.
  func train(_ method: ConstraintMethod, seed: UInt64, run: ReproductionRun) -> ConstraintResult {
    let divergence = method.divergence
    let target = target(of: divergence)
    var curve: [LineChart.Point] = []
    let (policy, estimate) = train(method, seed: seed, run: run) { step, policy in
      let value = divergence.divergence(policy, from: target)
      curve.append(.init(Double(step), value))
      run.record([
        "method": .string(method.name), "seed": .integer(Int(truncatingIfNeeded: seed)),
        "step": .integer(step), "divergence": .number(value),
      ])
    }
    return ConstraintResult(
      name: method.name, divergence: divergence, policy: policy, task: self, estimate: estimate,
      curve: curve)
  }

  private func train(
    _ method: ConstraintMethod, seed: UInt64, run: ReproductionRun,
    watch: (Int, [Double]) -> Void
  ) -> (policy: [Double], estimate: NormalizerEstimate?) {
    switch method.update {
    case .fdpg(let objective, let hasBaseline):
      return climb(
        objective, towards: scores(objective.divergence, run: run), hasBaseline: hasBaseline,
        random: "fdpg/\(method.name)/\(seed)", run: run, watch: watch)
    case .penalised(let beta):
      let scores = zip(base, constraint).map { $0 + $1 / beta }
      let found = climb(
        FDPG(.reverseKL), towards: scores, hasBaseline: true,
        random: "fdpg/\(method.name)/\(seed)", run: run, watch: watch)
      return (found.policy, nil)
    case .reinforce:
      return (reinforce(seed: seed, watch: watch), nil)
    }
  }

  /// f-DPG on samples of the policy, with the running estimate of Z and, where asked for, the baseline.
  func climb(
    _ objective: FDPG, towards scores: [Double], hasBaseline: Bool, random text: String,
    run: ReproductionRun, watch: (Int, [Double]) -> Void
  ) -> (policy: [Double], estimate: NormalizerEstimate) {
    var random = SplitMix64(text: text)
    var estimate = NormalizerEstimate()
    var baseline = PseudoRewardBaseline()
    let target = Tensor(scores)
    let policy = TabularPolicy(logits: base)
    policy.fit(
      stepCount: FDPGReproduction.stepCount,
      schedule: LearningRateSchedule(
        .constant, base: FDPGReproduction.learningRate, stepCount: FDPGReproduction.stepCount)
    ) { step, logProbs in
      let probabilities = policy.probabilities
      if step.isMultiple(of: 20) { watch(step, probabilities) }
      let sampler = OutcomeSampler(probabilities)
      let drawn = Tensor((0..<FDPGReproduction.sampleCount).map { _ in sampler.draw(&random) })
      let picked = logProbs.rows(drawn)
      let scored = target.rows(drawn)
      estimate.add(target: scored.doubles, proposal: picked.detached().doubles)
      guard let logZ = estimate.logNormalizer else { return nil }
      let before = hasBaseline ? baseline.value : 0
      baseline.add(
        objective.pseudoRewards(policy: picked, target: scored, logNormalizer: logZ).doubles)
      return loss(
        objective, policy: picked, target: scored, logNormalizer: logZ, baseline: before, run: run)
    }
    watch(FDPGReproduction.stepCount, policy.probabilities)
    return (policy.probabilities, estimate)
  }

  private func reinforce(seed: UInt64, watch: (Int, [Double]) -> Void) -> [Double] {
    var random = SplitMix64(text: "fdpg/reinforce/\(seed)")
    var baseline = PseudoRewardBaseline()
    let rewards = Tensor(constraint)
    let policy = TabularPolicy(logits: base)
    policy.fit(
      stepCount: FDPGReproduction.stepCount,
      schedule: LearningRateSchedule(
        .constant, base: FDPGReproduction.learningRate, stepCount: FDPGReproduction.stepCount)
    ) { step, logProbs in
      if step.isMultiple(of: 20) { watch(step, policy.probabilities) }
      let sampler = OutcomeSampler(policy.probabilities)
      let drawn = Tensor((0..<FDPGReproduction.sampleCount).map { _ in sampler.draw(&random) })
      let earned = rewards.rows(drawn)
      let advantage = earned - baseline.value
      baseline.add(earned.doubles)
      return -(advantage * logProbs.rows(drawn)).mean()
    }
    return policy.probabilities
  }

  /// A distributional constraint: half of the strings shall begin with 1. Returns the mean of the first bit at the end.
  func trainTilted(seed: UInt64, run: ReproductionRun) -> Double {
    var random = SplitMix64(text: "fdpg/tilt/\(seed)")
    let sampler = OutcomeSampler(base.map { exp($0) })
    let features = (0..<4096).map { _ in [strings.bits(sampler.draw(&random))[0]] }
    let tilt = ExponentialTilt(
      features: features, means: [FDPGReproduction.featureMean], rate: 0.5)
    let origin = run.has(FDPGReproduction.noBase) ? base.map { _ in 0.0 } : base
    let scores = origin.enumerated().map { $1 + tilt.logFactor([strings.bits($0)[0]]) }
    let (policy, _) = climb(
      FDPG(), towards: scores, hasBaseline: true, random: "fdpg/tilted/\(seed)", run: run
    ) { _, _ in }
    return Simplex.mean((0..<strings.count).map { strings.bits($0)[0] }, under: policy)
  }
}
