// SPDX-License-Identifier: Apache-2.0
public import Torch

/// What a loss may know of D desirable and U undesirable completions, each with a prompt of its own.
///
/// `chosen` are the desirable ones, `rejected` the undesirable ones; either may be empty. Whatever comes from the
/// reference is used without gradient.
public struct UnpairedInputs {
  /// log π(y|x) in nats, summed over completion tokens, `[D]` and `[U]`; carries the gradient.
  public var policy: PairLogProbs
  /// The same under the frozen reference.
  public var reference: PairLogProbs
  /// log π − log π_ref of completions beside prompts they do not belong to, `[M]`; for losses that measure them.
  public var mismatchedRatios: Tensor?
  /// u(x) of the undesirable examples, above 0, `[U]`; nil corrects nothing.
  public var densityRatios: Tensor?
  /// How much each example counts, at least 0, `[D + U]`, the desirable ones first; nil counts each once.
  public var weights: Tensor?

  /// Inputs of a loss on summed log-probabilities.
  public init(policy: PairLogProbs, reference: PairLogProbs, weights: Tensor? = nil) {
    self.policy = policy
    self.reference = reference
    self.weights = weights
  }

  /// a of the desirable examples, `[D]`.
  var desirable: Tensor { policy.chosen - reference.chosen.detached() }
  /// r of the undesirable examples, `[U]`.
  var undesirable: Tensor { policy.rejected - reference.rejected.detached() }
}

/// A number that a loss takes from a whole batch before it looks at single examples.
public enum UnpairedAnchor: Sendable, Equatable {
  /// None is needed.
  case none
  /// From completions beside prompts they do not belong to; logged as `kl`.
  case mismatched
  /// From the examples themselves; logged as `delta`.
  case examples

  /// Its name in the log; nil where there is none.
  public var metric: String? {
    switch self {
    case .none: nil
    case .mismatched: "kl"
    case .examples: "delta"
    }
  }
}

/// A loss on single completions that are good or bad: one method's formula.
public protocol UnpairedObjective {
  /// β of the reported rewards.
  var beta: Double { get }

  /// What ``anchor(of:)`` is computed from.
  var anchorSource: UnpairedAnchor { get }

  /// The number that all examples of a batch are held against.
  ///
  /// - Parameter batch: the whole batch of an optimizer step, so that the loss does not depend on how it is split.
  /// - Returns: a scalar without gradient; nil where none is needed.
  func anchor(of batch: UnpairedInputs) -> Tensor?

  /// The loss of each example.
  ///
  /// - Parameters:
  ///   - examples: the batch, or a part of it.
  ///   - anchor: ``anchor(of:)`` of the whole batch.
  /// - Returns: `[D + U]`, the desirable ones first; carries the gradient.
  func losses(_ examples: UnpairedInputs, anchor: Tensor?) -> Tensor
}

extension UnpairedObjective {
  /// Nothing is measured unless a formula says otherwise.
  public var anchorSource: UnpairedAnchor { .none }

  /// Nothing is measured unless a formula says otherwise.
  public func anchor(of batch: UnpairedInputs) -> Tensor? { nil }

  /// Loss and metrics of D + U examples.
  ///
  /// - Parameters:
  ///   - examples: the batch, or a part of it.
  ///   - anchor: ``anchor(of:)`` of the whole batch.
  /// - Returns: the weighted mean loss over the examples, weighing the sum of weights (D + U without them); plain means
  ///   of `rewards/chosen` and `logps/chosen` over the D desirable, of `rewards/rejected` and `logps/rejected` over
  ///   the U undesirable examples, each left out where there is none; `rewards/accuracies`, the share of examples whose
  ///   reward has the sign of their label (0 is wrong); and β as `beta`.
  public func callAsFunction(_ examples: UnpairedInputs, anchor: Tensor?) -> Terms {
    let operation = "\(Self.self)"
    requireEqualShapes(
      operation,
      [("policy chosen", examples.policy.chosen), ("reference chosen", examples.reference.chosen)])
    requireEqualShapes(
      operation,
      [
        ("policy rejected", examples.policy.rejected),
        ("reference rejected", examples.reference.rejected),
      ])
    let losses = losses(examples, anchor: anchor)
    requireArguments(losses.elementCount > 0, operation, "needs at least one example")
    let (mean, weight) = weightedMean(operation, losses, examples.weights)
    return Terms(loss: mean, weight: weight, metrics: metrics(examples))
  }

  private func metrics(_ examples: UnpairedInputs) -> [String: Mean] {
    withoutGrad {
      let desirable = beta * examples.desirable
      let undesirable = beta * examples.undesirable
      let isRight = concatenated([desirable .> 0, undesirable .< 0]).to(desirable.elementType)
      let means = [
        "rewards/chosen": desirable, "rewards/rejected": undesirable,
        "logps/chosen": examples.policy.chosen, "logps/rejected": examples.policy.rejected,
        "rewards/accuracies": isRight,
      ].filter { $0.value.elementCount > 0 }
      var metrics = means.mapValues {
        Mean(value: $0.mean(), weight: Double($0.elementCount))
      }
      metrics["beta"] = Mean(
        value: Tensor(beta, elementType: .float64), weight: Double(isRight.elementCount))
      return metrics
    }
  }
}
