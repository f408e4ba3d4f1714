// SPDX-License-Identifier: Apache-2.0

import Foundation

/// KL(π‖ρ) estimated from tokens that π sampled.
///
/// With r = log ρ − log π of each sampled token:
///
///     k1 = −r        k2 = r²/2        k3 = e^r − 1 − r
///
/// k1 and k3 are unbiased; k1 may be negative on a batch, k3 never is; k2 is biased and steady.
/// Sequences are summed over their tokens.
///
/// Source: Schulman 2020, "Approximating KL divergence", joschu.net/blog/kl-approx.html.
public struct SampledKL: Sendable, Equatable {
  /// Resampling over sequences for the intervals; nil for none.
  public var bootstrap: Bootstrap?

  /// Creates the metric.
  public init(bootstrap: Bootstrap? = nil) {
    self.bootstrap = bootstrap
  }

  /// One estimator, by token and by sequence.
  public struct Value: Sendable, Equatable, Codable {
    /// Mean over all tokens, in nats a token; `count` is the number of tokens.
    public var perToken: Estimate
    /// Mean over sequences of the sum over tokens, in nats; `count` is the number of sequences.
    public var perSequence: Estimate
  }

  /// The three estimators.
  public struct Result: Sendable, Equatable, Codable {
    /// Unbiased, noisy, of either sign.
    public var k1: Value
    /// Biased, steady, 0 or more.
    public var k2: Value
    /// Unbiased, 0 or more.
    public var k3: Value
  }

  /// Estimates the divergence.
  ///
  /// - Parameters:
  ///   - policy: log π of each completion token in nats, one list a sequence; masked tokens left
  ///     out.
  ///   - reference: log ρ of the same tokens.
  /// - Returns: k1, k2 and k3.
  /// - Throws: ``EvaluationError`` for unequal lengths, no tokens, or values that are not finite.
  public func callAsFunction(policy: [[Double]], reference: [[Double]]) throws -> Result {
    let metric = "sampled KL"
    try Require.equalCounts(
      policy.count, "policy sequences", reference.count, "reference sequences", in: metric)
    for (ours, theirs) in zip(policy, reference) {
      try Require.equalCounts(
        ours.count, "policy log-probs", theirs.count, "reference log-probs", in: metric)
      try Require.finite(ours, "policy log-prob", in: metric)
      try Require.finite(theirs, "reference log-prob", in: metric)
    }
    try Require.count(policy.reduce(0) { $0 + $1.count }, atLeast: 1, "tokens", in: metric)
    func value(_ term: (Double) -> Double, _ name: String) -> Value {
      let sums = zip(policy, reference).map { ours, theirs in
        zip(ours, theirs).reduce(0) { $0 + term($1.1 - $1.0) }
      }
      return self.value(sums, policy.map { Double($0.count) }, name)
    }
    return Result(
      k1: value({ -$0 }, "k1"),
      k2: value({ $0 * $0 / 2 }, "k2"),
      // expm1 keeps the digits that e^r − 1 loses near r = 0.
      k3: value({ expm1($0) - $0 }, "k3"))
  }

  private func value(_ sums: [Double], _ lengths: [Double], _ name: String) -> Value {
    var options = bootstrap?.options ?? [:]
    options["estimator"] = name
    let tokenCount = lengths.reduce(0, +)
    let tokenInterval = bootstrap?.interval(itemCount: sums.count) { indices in
      let tokens = indices.reduce(0) { $0 + lengths[$1] }
      return tokens > 0 ? indices.reduce(0) { $0 + sums[$1] } / tokens : nil
    }
    return Value(
      perToken: Estimate(
        value: sums.reduce(0, +) / tokenCount, count: Int(tokenCount), interval: tokenInterval,
        options: options),
      perSequence: Estimate(
        value: sums.mean, count: sums.count, interval: bootstrap?.interval(ofMean: sums),
        options: options))
  }
}
