// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How likely an annotator prefers either of two candidates, before mistakes.
public struct ChoiceProbabilities: Sendable, Hashable {
  /// The logit z of the first against the second; infinite at infinite β.
  public var logit: Double
  /// Probability that the first is preferred.
  public var first: Double
  /// Probability that the second is preferred.
  public var second: Double

  /// Probability of a tie.
  public var tie: Double { max(0, 1 - first - second) }
  /// Probability that the first is preferred, a tie counted half.
  public var preference: Double { first + tie / 2 }

  /// The same with mistakes at rate m: P' = (1 − m)P + m(1 − P); ties stay ties.
  public func withMistakes(_ mistake: Double) -> ChoiceProbabilities {
    ChoiceProbabilities(
      logit: logit, first: (1 - mistake) * first + mistake * second,
      second: (1 - mistake) * second + mistake * first)
  }
}

/// What a choice depends on besides the annotator.
public struct ChoiceTerms: Sendable, Hashable {
  /// Seen value of the first less that of the second.
  public var valueDifference: Double
  /// Words of the first less those of the second.
  public var wordDifference: Int
  /// Whether the first of the record is the one shown first; nil: no position enters.
  public var isFirstShownFirst: Bool?
  /// Difference by which a tie threshold decides; the value difference unless the view is myopic.
  public var tieDifference: Double
  /// How far the study is, 0 to 1, for drift.
  public var progress: Double

  /// Terms of one comparison.
  public init(
    valueDifference: Double, wordDifference: Int = 0, isFirstShownFirst: Bool? = nil,
    tieDifference: Double? = nil, progress: Double = 0
  ) {
    self.valueDifference = valueDifference
    self.wordDifference = wordDifference
    self.isFirstShownFirst = isFirstShownFirst
    self.tieDifference = tieDifference ?? valueDifference
    self.progress = progress
  }
}

extension SimulatedAnnotator {
  /// Steps 4 and 5: tie and choice.
  public func probabilities(_ terms: ChoiceTerms) -> ChoiceProbabilities {
    if case .threshold(let width) = ties, abs(terms.tieDifference) < width {
      return ChoiceProbabilities(logit: 0, first: 0, second: 0)
    }
    let pull = terms.valueDifference + lengthBias * Double(terms.wordDifference)
    if beta == .infinity {
      return ChoiceProbabilities(
        logit: pull == 0 ? 0 : pull * .infinity, first: pull > 0 ? 1 : 0, second: pull < 0 ? 1 : 0)
    }
    let position = terms.isFirstShownFirst.map { $0 ? positionBias : -positionBias } ?? 0
    let z = beta * (1 - drift * terms.progress) * pull + position
    guard case .raoKupper(let theta) = ties else {
      return ChoiceProbabilities(logit: z, first: sigmoid(z), second: sigmoid(-z))
    }
    return ChoiceProbabilities(
      logit: z, first: sigmoid(z - log(theta)), second: sigmoid(-z - log(theta)))
  }

  /// The whole crowd's P(first ≻ second) = Σ share·P of the groups, ties half, without mistakes
  /// and without position: the oracle that preference games use.
  public func crowdPreference(_ first: Candidate, _ second: Candidate) -> Double {
    let total = groups.reduce(0) { $0 + $1.share }
    return groups.reduce(0) { sum, group in
      let draw = (error: 1.0, which: 0.0)
      let values = (
        seenValue(of: first, for: group, draw: draw), seenValue(of: second, for: group, draw: draw)
      )
      let terms = ChoiceTerms(
        valueDifference: values.0 - values.1,
        wordDifference: first.wordCount - second.wordCount,
        tieDifference: tieValue(of: first, seen: values.0) - tieValue(of: second, seen: values.1))
      return sum + group.share / total * probabilities(terms).preference
    }
  }

  /// Mean time to decide in the drift-diffusion model with threshold A and unit noise:
  /// (A/u)·tanh(A·u) with u = β·|Δv|/(2A), and A² at u = 0.
  ///
  /// - Parameters:
  ///   - valueDifference: seen value of one candidate less that of the other.
  ///   - threshold: A, above 0.
  /// - Returns: the time in the model's unit.
  public func meanResponseTime(valueDifference: Double, threshold: Double) -> Double {
    let rate = beta * abs(valueDifference) / (2 * threshold)
    return rate == 0 ? threshold * threshold : threshold / rate * tanh(threshold * rate)
  }
}

/// 1/(1 + e^−z) without overflow.
func sigmoid(_ z: Double) -> Double {
  if z >= 0 { return 1 / (1 + exp(-z)) }
  let power = exp(z)
  return power / (1 + power)
}
