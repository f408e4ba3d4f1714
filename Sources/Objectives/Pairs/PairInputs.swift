// SPDX-License-Identifier: Apache-2.0
public import Torch

/// The log-probabilities a model gives to the two completions of each of B pairs.
public struct PairLogProbs {
  /// log π(y_w|x) in nats, summed over completion tokens, `[B]`.
  public var chosen: Tensor
  /// log π(y_l|x) in nats, summed over completion tokens, `[B]`.
  public var rejected: Tensor

  /// Joins the two halves of B pairs.
  public init(chosen: Tensor, rejected: Tensor) {
    self.chosen = chosen
    self.rejected = rejected
  }
}

/// Two tables with a value for each completion token of B pairs, 0 behind a completion's last.
public struct PairTokens {
  /// `[B, T]`, T the longest chosen completion.
  public var chosen: Tensor
  /// `[B, T′]`, T′ the longest rejected completion.
  public var rejected: Tensor

  /// Joins the two halves of B pairs.
  public init(chosen: Tensor, rejected: Tensor) {
    self.chosen = chosen
    self.rejected = rejected
  }
}

/// What a loss may know of B pairs; each takes from it what its formula names.
///
/// Whatever comes from the reference is used without gradient.
public struct PairInputs {
  /// Log-probabilities under the model in training; carries the gradient.
  public var policy: PairLogProbs
  /// The same under the frozen reference; zeros where there is none.
  public var reference: PairLogProbs
  /// How much each pair counts, at least 0, `[B]`; nil counts each once.
  public var weights: Tensor?
  /// Completion tokens n_w and n_l of each pair, `[B]` each; for losses that divide by length.
  public var tokenCounts: PairLogProbs?
  /// Chosen tokens a pair, averaged over the whole batch by weight, where these pairs are a part of one; nil takes
  /// the mean of these pairs.
  public var chosenTokensPerPair: Double?
  /// By how much the chosen completion was judged better, `[B]`; for losses with an offset.
  public var margins: Tensor?
  /// By how much other objectives find the chosen completion better, weighted and summed, `[B]`.
  public var otherMargins: Tensor?
  /// log π of each token under the policy; carries the gradient.
  public var policyTokens: PairTokens?
  /// log π of each token under the reference.
  public var referenceTokens: PairTokens?
  /// log Σ_v π(v)² at each token under the policy.
  public var logSumSquares: PairTokens?
  /// Σ_t KL(π_ref‖π) over the completion, in nats; carries the gradient.
  public var divergences: PairLogProbs?
  /// A third completion: log π summed over its tokens; carries the gradient.
  public var third: ThirdCompletion?

  /// Inputs of a loss on summed log-probabilities.
  public init(policy: PairLogProbs, reference: PairLogProbs, weights: Tensor? = nil) {
    self.policy = policy
    self.reference = reference
    self.weights = weights
  }
}

/// A completion beside the two of a pair: a demonstration, or what the reference itself would say.
public struct ThirdCompletion {
  /// What it is, by the name of its column.
  public enum Kind: String, Sendable, CaseIterable {
    /// What the reference itself said.
    case referenceResponse = "reference_response"
    /// A demonstration, better than both.
    case gold
  }

  /// log π(ŷ|x) in nats, summed over completion tokens, `[B]`; carries the gradient.
  public var policy: Tensor
  /// The same under the reference, `[B]`; zeros where there is none.
  public var reference: Tensor
  /// Completion tokens, `[B]`.
  public var tokenCounts: Tensor
  /// Completion tokens averaged over the whole batch by weight, where these B are a part of one; nil takes their mean.
  public var tokensPerCompletion: Double?

  /// Joins what is known of B completions.
  public init(policy: Tensor, reference: Tensor, tokenCounts: Tensor) {
    self.policy = policy
    self.reference = reference
    self.tokenCounts = tokenCounts
  }
}

// The letters of the formulas, said once.
extension PairInputs {
  /// a = log π(y_w|x) − log π_ref(y_w|x), `[B]`.
  var chosenRatios: Tensor { policy.chosen - reference.chosen.detached() }
  /// r = log π(y_l|x) − log π_ref(y_l|x), `[B]`.
  var rejectedRatios: Tensor { policy.rejected - reference.rejected.detached() }
  /// D = a − r, `[B]`.
  var ratioMargins: Tensor { chosenRatios - rejectedRatios }

  /// n_w and n_l in the type of the log-probabilities; stops with a sentence where they are not given.
  func counts(_ operation: String) -> PairLogProbs {
    guard let tokenCounts else {
      requireArguments(false, operation, "divides by length: token counts are missing")
      return PairLogProbs(chosen: policy.chosen, rejected: policy.rejected)
    }
    let type = policy.chosen.elementType
    return PairLogProbs(
      chosen: tokenCounts.chosen.to(type), rejected: tokenCounts.rejected.to(type))
  }

  /// ā_w and ā_l: log π(y|x) a token, under the policy alone, `[B]` each.
  func means(_ operation: String) -> PairLogProbs {
    let counts = counts(operation)
    return PairLogProbs(
      chosen: policy.chosen / counts.chosen, rejected: policy.rejected / counts.rejected)
  }

  /// a/n_w − r/n_l, `[B]`.
  func meanRatioMargins(_ operation: String) -> Tensor {
    let counts = counts(operation)
    return chosenRatios / counts.chosen - rejectedRatios / counts.rejected
  }

  /// −log π a token over the chosen completions of the whole batch: a scalar, so that long completions count for more.
  func chosenNLL(_ operation: String) -> Tensor {
    meanNLL(operation, policy.chosen, counts(operation).chosen, tokensPerItem: chosenTokensPerPair)
  }

  /// −Σ log π / Σ n over completions with these sums and counts, `[B]` each.
  func meanNLL(
    _ operation: String, _ sums: Tensor, _ counts: Tensor, tokensPerItem: Double? = nil
  ) -> Tensor {
    let meanSum = weightedMean(operation, sums, weights).mean
    let tokens = tokensPerItem ?? weightedMean(operation, counts, weights).mean.item
    return -meanSum / (tokens > 0 ? tokens : 1)
  }
}
