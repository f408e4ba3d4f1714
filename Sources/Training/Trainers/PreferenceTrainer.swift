// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import LanguageModels
public import Objectives
public import Torch

/// Trains a policy on preference pairs with any ``PairObjective``.
public struct PreferenceTrainer {
  /// Updated in place.
  public let policy: any LanguageModel
  /// Frozen; nil is reference-free: its log-probabilities count as 0.
  public let reference: (any LanguageModel)?
  /// The loss.
  public let objective: any PairObjective
  /// Holds the policy's parameters.
  public let optimizer: any Optimizer
  /// How a step is taken; microbatches count pairs.
  public let plan: StepPlan
  /// Whether the reference reads all pairs once before training instead of each batch anew.
  public let precomputesReference: Bool

  /// Creates a trainer.
  public init(
    policy: any LanguageModel, reference: (any LanguageModel)?, objective: any PairObjective,
    optimizer: any Optimizer, plan: StepPlan, precomputesReference: Bool = false
  ) {
    self.policy = policy
    self.reference = reference
    self.objective = objective
    self.optimizer = optimizer
    self.plan = plan
    self.precomputesReference = precomputesReference
  }

  /// Trains until the run's last step; the loss is the weighted mean over the step's pairs.
  ///
  /// - Parameters:
  ///   - pairs: the data.
  ///   - order: which pairs each step takes.
  ///   - heldOut: pairs for evaluation; nil evaluates nothing.
  ///   - run: bookkeeping.
  ///   - save: writes the policy into a checkpoint.
  /// - Throws: ``TrainingError``, ``TrainingInterrupted``, errors of log and checkpoints.
  public func fit(
    _ pairs: PairRows, order: DataOrder, heldOut: PairRows? = nil, run: TrainingRun,
    save: (URL) throws -> Void
  ) throws {
    let known = precomputesReference ? referenceLogProbs(pairs) : nil
    try run.begin(save: save)
    for indices in order.batches(from: run.step).prefix(run.remainingStepCount) {
      try Task.checkCancellation()
      optimizer.zeroGrad()

      let total = totalWeight(pairs.weights, indices)
      let tokensPerPair = TokensPerPair(pairs, indices)
      var metrics = MetricMeans()
      let parts = plan.parts(indices) {
        pairs.chosen.length(of: $0) + pairs.rejected.length(of: $0)
      }
      for (number, part) in parts.enumerated() {
        let rows = distinctRows(pairs, part)
        let anchor =
          known.map { PairReading(sums: $0.pairs(part, on: policy.device)) }
          ?? referenceLogProbs(rows)
        let learnt = plan.training(step: run.step, part: number) {
          policyLogProbs(rows, withDetails: run.logsThisStep, &metrics)
        }
        let terms = objective(
          inputs(pairs, part, rows, learnt, anchor, tokensPerPair: tokensPerPair))
        (terms.loss * (terms.weight / total)).backward()
        metrics.add(terms)
        metrics.addSharing(rows.batch, in: policy)
      }

      try plan.apply(optimizer, &metrics, step: run.step, rows: indices)
      try run.finishStep(
        metrics, epoch: order.epoch(after: run.step + 1),
        tokenCount: indices.reduce(0) {
          $0 + pairs.chosen.length(of: $1) + pairs.rejected.length(of: $1)
        },
        evaluate: heldOut.map { held in { evaluate(held) } }, save: save)
    }
  }

  /// Chosen rows, then rejected ones, then third ones: one forward pass for all, each distinct row read once.
  private func distinctRows(_ pairs: PairRows, _ indices: [Int]) -> DistinctRows {
    let third = pairs.third.map { rows in indices.map { rows[$0] } } ?? []
    return DistinctRows(
      indices.map { pairs.chosen[$0] } + indices.map { pairs.rejected[$0] } + third,
      padTokenID: plan.padTokenID, device: policy.device)
  }

  /// What the objective may know of the pairs at `indices`.
  private func inputs(
    _ pairs: PairRows, _ indices: [Int], _ rows: DistinctRows, _ learnt: PairReading,
    _ anchor: PairReading, tokensPerPair: TokensPerPair
  ) -> PairInputs {
    var inputs = PairInputs(
      policy: learnt.sums, reference: anchor.sums,
      weights: pairWeights(pairs.weights, indices, on: policy.device))
    inputs.margins = pairWeights(pairs.margins, indices, on: policy.device)
    inputs.policyTokens = learnt.tokens
    inputs.referenceTokens = anchor.tokens
    let counts = Tensor(rows.batch.targetCounts.map(Float.init), device: policy.device)
    inputs.tokenCounts = halves(rows.spread(counts))
    inputs.chosenTokensPerPair = tokensPerPair.chosen
    inputs.otherMargins = pairWeights(pairs.otherMargins, indices, on: policy.device)
    addThird(&inputs, rows, learnt, anchor, counts, tokensPerPair)
    addDistributions(&inputs, rows, learnt, anchor)
    return inputs
  }

  /// The chosen and the rejected side of numbers of all completions.
  func halves(_ sums: Tensor) -> PairLogProbs {
    let count = sums.size(0) / completionsPerPair
    return PairLogProbs(
      chosen: sums.narrowed(0, 0..<count), rejected: sums.narrowed(0, count..<2 * count))
  }

  /// Log-probabilities of targets `[N]` by pair.
  private func read(
    _ logProbs: Tensor, _ rows: DistinctRows, states: Tensor? = nil
  ) -> PairReading {
    let all = rows.spread(rows.batch.rowSums(logProbs))
    var reading = PairReading(sums: halves(all), third: third(all), states: states)
    if objective.readsTokens { reading.tokens = tables(logProbs, rows) }
    return reading
  }

  private func policyLogProbs(
    _ rows: DistinctRows, withDetails: Bool, _ metrics: inout MetricMeans
  ) -> PairReading {
    let (states, result) = withAutocast(plan.autocast, on: policy.device) {
      let states = policy.targetStates(
        of: rows.batch, checkpointing: plan.checkpointsActivations)
      return (
        states,
        policy.targetLogProbs(
          of: rows.batch, from: states, wantsEntropy: withDetails, wantsMeanLogit: withDetails)
      )
    }
    if withDetails { withoutGrad { addDetails(result, rows, &metrics) } }
    return read(result.logProbs, rows, states: states)
  }

  /// Means over completion tokens: of the entropy on both sides, of the logits on each.
  private func addDetails(
    _ result: TargetLogProbs, _ rows: DistinctRows, _ metrics: inout MetricMeans
  ) {
    /// A number of the distinct rows, summed over chosen and over rejected rows.
    func sums(_ values: Tensor) -> (chosen: Double, rejected: Double) {
      let sides = halves(rows.spread(values))
      return (sides.chosen.sum().item, sides.rejected.sum().item)
    }
    let counts = sums(Tensor(rows.batch.targetCounts.map(Float.init), device: policy.device))
    func add(_ name: String, _ sum: Double, _ count: Double) {
      metrics.add(name, sum / max(count, 1), weight: count)
    }
    if let entropy = result.entropy.map({ sums(rows.batch.rowSums($0.detached())) }) {
      add("entropy", entropy.chosen + entropy.rejected, counts.chosen + counts.rejected)
    }
    if let logits = result.meanLogit.map({ sums(rows.batch.rowSums($0)) }) {
      add("logits/chosen", logits.chosen, counts.chosen)
      add("logits/rejected", logits.rejected, counts.rejected)
    }
  }

  /// Log-probabilities under the reference, without gradient.
  private func referenceLogProbs(_ rows: DistinctRows) -> PairReading {
    withoutGrad {
      guard let reference else {
        return read(.zeros([rows.batch.targetCount], device: policy.device), rows)
      }
      return withAutocast(plan.autocast, on: policy.device) {
        let states = reference.targetStates(of: rows.batch)
        return read(
          reference.targetLogProbs(of: rows.batch, from: states).logProbs, rows, states: states)
      }
    }
  }

  private func referenceLogProbs(_ pairs: PairRows) -> KnownLogProbs {
    var known = KnownLogProbs()
    for part in plan.evaluationParts(pairs.count) {
      let sums = referenceLogProbs(distinctRows(pairs, part)).sums
      known.chosen += sums.chosen.floats
      known.rejected += sums.rejected.floats
    }
    return known
  }

  /// Loss and reward metrics on pairs that were not trained on.
  public func evaluate(_ pairs: PairRows) -> [(name: String, value: Double)] {
    var metrics = MetricMeans()
    let tokensPerPair = TokensPerPair(pairs, Array(0..<pairs.count))
    withoutGrad {
      for part in plan.evaluationParts(pairs.count) {
        let rows = distinctRows(pairs, part)
        let terms = objective(
          inputs(
            pairs, part, rows, policyLogProbs(rows, withDetails: true, &metrics),
            referenceLogProbs(rows), tokensPerPair: tokensPerPair))
        metrics.add(terms)
      }
    }
    return metrics.values
  }
}

/// Log-probabilities of all pairs under the reference, by pair.
private struct KnownLogProbs {
  var chosen: [Float] = []
  var rejected: [Float] = []

  func pairs(_ indices: [Int], on device: Device) -> PairLogProbs {
    PairLogProbs(
      chosen: Tensor(indices.map { chosen[$0] }, device: device),
      rejected: Tensor(indices.map { rejected[$0] }, device: device))
  }
}
