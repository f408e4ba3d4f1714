// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Mean squared error of probabilities, Σ (p − y)² / n.
///
/// Source: Brier 1950. 0 is perfect; always saying the base rate b scores b(1 − b).
///
/// - Parameters:
///   - predictions: probabilities in [0, 1].
///   - outcomes: 1, 0 or a share in between.
///   - bootstrap: resampling over items for the interval; nil for none.
/// - Returns: a value in [0, 1]; `count` is the number of predictions.
/// - Throws: ``EvaluationError`` for unequal lengths, nothing, or values outside [0, 1].
public func brierScore(
  predictions: [Double], outcomes: [Double], bootstrap: Bootstrap? = nil
) throws -> Estimate {
  try checkPredictions(predictions, outcomes, metric: "Brier score")
  let terms = zip(predictions, outcomes).map { ($0 - $1) * ($0 - $1) }
  return Estimate(
    value: terms.mean, count: terms.count, interval: bootstrap?.interval(ofMean: terms),
    options: bootstrap?.options ?? [:])
}

/// Mean negative log-likelihood of outcomes, −Σ [y log p + (1 − y) log(1 − p)] / n, in nats.
///
/// Infinite where something was called impossible and happened.
///
/// - Parameters:
///   - predictions: probabilities in [0, 1].
///   - outcomes: 1, 0 or a share in between.
///   - bootstrap: resampling over items for the interval; nil for none.
/// - Returns: a value of 0 or more; `count` is the number of predictions.
/// - Throws: ``EvaluationError`` for unequal lengths, nothing, or values outside [0, 1].
public func negativeLogLikelihood(
  predictions: [Double], outcomes: [Double], bootstrap: Bootstrap? = nil
) throws -> Estimate {
  try checkPredictions(predictions, outcomes, metric: "negative log-likelihood")
  let terms = zip(predictions, outcomes).map { p, y in
    // 0 · log 0 is 0 here, as the limit has it.
    (y > 0 ? -y * log(p) : 0) + (y < 1 ? -(1 - y) * log1p(-p) : 0)
  }
  return Estimate(
    value: terms.mean, count: terms.count, interval: bootstrap?.interval(ofMean: terms),
    options: bootstrap?.options ?? [:])
}
