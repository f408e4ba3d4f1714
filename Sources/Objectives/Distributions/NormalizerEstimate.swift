// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A running estimate of Z = Σ_x P(x) from samples of any policy: the mean of P/q over everything seen so far.
///
/// A batch alone would do for forward KL, but its noise in log Z biases the other divergences; the long mean does not.
public struct NormalizerEstimate: Sendable, Equatable {
  /// Samples so far.
  public private(set) var count = 0
  private var logSum = -Double.infinity

  /// Starts without samples.
  public init() {}

  /// Adds samples.
  ///
  /// - Parameters:
  ///   - target: log P of each, −∞ where forbidden.
  ///   - proposal: log q of each under what it was sampled from.
  public mutating func add(target: [Double], proposal: [Double]) {
    precondition(
      target.count == proposal.count,
      "NormalizerEstimate: \(target.count) scores for \(proposal.count) samples")
    for (score, sampled) in zip(target, proposal) {
      let ratio = score - sampled
      let (high, low) = (max(logSum, ratio), min(logSum, ratio))
      logSum = high == -.infinity ? high : high + log1p(exp(low - high))
      count += 1
    }
  }

  /// log Ẑ in nats; nil while every sample so far was forbidden: such a batch teaches nothing and is to be skipped.
  public var logNormalizer: Double? {
    logSum == -.infinity ? nil : logSum - log(Double(count))
  }
}

/// The mean of the latest pseudo-rewards, subtracted from the next ones: less noise, the same expected gradient.
public struct PseudoRewardBaseline: Sendable, Equatable {
  /// How many are kept. Released code: 1024.
  public var windowSize: Int
  private var values: [Double] = []

  /// Starts without values.
  public init(windowSize: Int = 1024) {
    precondition(windowSize > 0, "PseudoRewardBaseline: window must hold at least 1 value")
    self.windowSize = windowSize
  }

  /// The mean of what is kept; 0 before the first batch.
  public var value: Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  /// Adds a batch; the oldest fall out of the window.
  public mutating func add(_ pseudoRewards: [Double]) {
    values = Array((values + pseudoRewards).suffix(windowSize))
  }
}
