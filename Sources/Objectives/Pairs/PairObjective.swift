// SPDX-License-Identifier: Apache-2.0
public import Torch

/// A loss on preference pairs: one method's formula, without models, tokens or devices.
public protocol PairObjective {
  /// β of the reported rewards; 1 where the formula has none.
  var beta: Double { get }

  /// Whether pairs may have weights; not where the formula couples the pairs of a batch.
  var acceptsWeights: Bool { get }

  /// Whether ``PairInputs/policyTokens`` and ``PairInputs/referenceTokens`` are read.
  var readsTokens: Bool { get }

  /// Whether ``PairInputs/margins`` are read.
  var readsMargins: Bool { get }

  /// Whether ``PairInputs/otherMargins`` are read.
  var readsOtherMargins: Bool { get }

  /// Whether ``PairInputs/logSumSquares`` are read.
  var readsSquares: Bool { get }

  /// Whether ``PairInputs/divergences`` are read.
  var readsDivergences: Bool { get }

  /// What ``PairInputs/third`` has to be; nil where it is not read.
  var thirdCompletion: ThirdCompletion.Kind? { get }

  /// The loss of each of B pairs, `[B]`; carries the gradient.
  func losses(_ pairs: PairInputs) -> Tensor
}

extension PairObjective {
  /// Weights are welcome unless a formula says otherwise.
  public var acceptsWeights: Bool { true }

  /// Sums are enough unless a formula says otherwise.
  public var readsTokens: Bool { false }

  /// Margins are not read unless a formula says otherwise.
  public var readsMargins: Bool { false }

  /// Margins of other objectives are not read unless a formula says otherwise.
  public var readsOtherMargins: Bool { false }

  /// Whole distributions are not read unless a formula says otherwise.
  public var readsSquares: Bool { false }

  /// Whole distributions are not read unless a formula says otherwise.
  public var readsDivergences: Bool { false }

  /// Two completions are enough unless a formula says otherwise.
  public var thirdCompletion: ThirdCompletion.Kind? { nil }

  /// Whether the reference's sums over the two completions, known beforehand, are not all that is read of it.
  public var readsMoreThanSums: Bool {
    readsTokens || readsDivergences || thirdCompletion != nil
  }

  /// Loss and metrics of B pairs.
  ///
  /// - Parameter pairs: log-probabilities, and what else the formula names.
  /// - Returns: the weighted mean loss over the B pairs, weighing the sum of weights (B without them); plain means over
  ///   the B pairs of `rewards/chosen`, `rewards/rejected`, `rewards/margins` (nats times β), `rewards/accuracies`
  ///   (ties are wrong), `logps/chosen`, `logps/rejected`, and β as `beta`.
  public func callAsFunction(_ pairs: PairInputs) -> Terms {
    let operation = "\(Self.self)"
    requirePairs(operation, pairs.policy, pairs.reference)
    requireArguments(
      pairs.weights == nil || acceptsWeights, operation,
      "couples the pairs of a batch, which therefore all count once; leave the weights out")
    let (mean, weight) = weightedMean(operation, losses(pairs), pairs.weights)
    return Terms(
      loss: mean, weight: weight,
      metrics: pairMetrics(beta: beta, policy: pairs.policy, reference: pairs.reference))
  }

  /// Loss and metrics of B pairs, from sums of log-probabilities alone.
  ///
  /// - Parameters:
  ///   - policy: log-probabilities under the model in training; carries the gradient.
  ///   - reference: the same under the frozen reference; used without gradient.
  ///   - weights: how much each pair counts, at least 0, `[B]`; nil counts each once.
  /// - Returns: see ``callAsFunction(_:)``.
  public func callAsFunction(
    policy: PairLogProbs, reference: PairLogProbs, weights: Tensor? = nil
  ) -> Terms {
    self(PairInputs(policy: policy, reference: reference, weights: weights))
  }
}

/// Stops with a sentence unless the four tensors are `[B]` with one B above 0.
func requirePairs(_ operation: String, _ policy: PairLogProbs, _ reference: PairLogProbs) {
  requireEqualShapes(
    operation,
    [
      ("policy chosen", policy.chosen), ("policy rejected", policy.rejected),
      ("reference chosen", reference.chosen), ("reference rejected", reference.rejected),
    ])
  requireArguments(
    policy.chosen.rank == 1 && policy.chosen.elementCount > 0, operation,
    "log-probs must be [B] with at least one pair; got \(policy.chosen.shape)")
}

/// The metrics every pair loss reports: rewards are β times the summed log-ratios, whatever the loss.
func pairMetrics(beta: Double, policy: PairLogProbs, reference: PairLogProbs) -> [String: Mean] {
  withoutGrad {
    let chosen = beta * (policy.chosen - reference.chosen)
    let rejected = beta * (policy.rejected - reference.rejected)
    let isRight = (chosen .> rejected).to(chosen.elementType)
    let pairCount = Double(chosen.elementCount)
    let means = [
      "rewards/chosen": chosen, "rewards/rejected": rejected, "rewards/accuracies": isRight,
      "rewards/margins": chosen - rejected, "logps/chosen": policy.chosen,
      "logps/rejected": policy.rejected,
    ]
    var metrics = means.mapValues { Mean(value: $0.mean(), weight: pairCount) }
    metrics["beta"] = Mean(value: Tensor(beta, elementType: .float64), weight: pairCount)
    return metrics
  }
}
