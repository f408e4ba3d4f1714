// SPDX-License-Identifier: Apache-2.0

import Objectives

/// How far stated probabilities lie from what happens.
///
///     ECE = Σ_b n_b/n |acc_b − conf_b|,   MCE = max_b |acc_b − conf_b|
///
/// over bins b of the predictions, conf_b the mean prediction and acc_b the mean outcome in the bin.
/// Equal-width bins are right-open on [0, 1], the last closed; bin = ⌊p·M⌋. Equal-mass bins split
/// the sorted predictions into M runs whose sizes differ by at most one, longer runs first.
///
/// For a reward model: p = σ(r_c − r_r) with the pair in random orientation, or
/// ``confidences(ofMargins:)``.
///
/// Source: Guo et al. 2017, arXiv:1706.04599, eq. 3 and 5. ECE depends on the bins: state them.
public struct CalibrationError: Sendable, Equatable {
  /// How predictions are put into bins.
  public enum Binning: String, Sendable, Codable {
    /// Bins of equal width on [0, 1].
    case equalWidth = "equal width"
    /// Bins of equal numbers of predictions.
    case equalMass = "equal mass"
  }

  /// Number of bins M, 1 or more.
  public var binCount: Int
  /// Equal widths or equal numbers.
  public var binning: Binning

  /// Creates the metric.
  public init(binCount: Int = 10, binning: Binning = .equalWidth) {
    precondition(binCount > 0, "CalibrationError: binCount is \(binCount); use 1 or more")
    self.binCount = binCount
    self.binning = binning
  }

  /// One bin of a reliability diagram.
  public struct Bin: Sendable, Equatable, Codable {
    /// Predictions in the bin; at least 1, empty bins are left out.
    public var count: Int
    /// Mean prediction, in [0, 1].
    public var confidence: Double
    /// Mean outcome, in [0, 1].
    public var accuracy: Double
  }

  /// The errors and the diagram behind them.
  public struct Result: Sendable, Equatable, Codable {
    /// Expected calibration error, in [0, 1]; `count` is the number of predictions.
    public var expected: Estimate
    /// Largest error of any bin, in [0, 1].
    public var maximum: Double
    /// Bins that hold something, by rising confidence.
    public var bins: [Bin]
  }

  /// Measures calibration.
  ///
  /// - Parameters:
  ///   - predictions: probabilities of the event, in [0, 1].
  ///   - outcomes: 1 where it happened, 0 where not, ½ for a tie.
  /// - Returns: ECE, MCE and the bins.
  /// - Throws: ``EvaluationError`` for unequal lengths, nothing, or values outside [0, 1].
  public func callAsFunction(predictions: [Double], outcomes: [Double]) throws -> Result {
    try checkPredictions(predictions, outcomes, metric: "calibration error")
    let parts = ReliabilityBins(
      predictions: predictions, outcomes: outcomes, binCount: binCount,
      isEqualMass: binning == .equalMass)
    return Result(
      expected: Estimate(
        value: parts.expectedError, count: predictions.count,
        options: ["bins": "\(binCount)", "binning": binning.rawValue]),
      maximum: parts.gaps.max() ?? 0,
      bins: parts.bins.map {
        Bin(count: $0.count, confidence: $0.confidence, accuracy: $0.accuracy)
      })
  }

  /// Confidence and correctness of a reward model from its margins, free of orientation.
  ///
  /// - Parameter margins: r_c − r_r of each pair.
  /// - Returns: max(σ(m), 1 − σ(m)) in [½, 1], and 1, ½ or 0 as the margin is positive, 0 or
  ///   negative.
  public static func confidences(
    ofMargins margins: [Double]
  ) -> (predictions: [Double], outcomes: [Double]) {
    (
      margins.map(ReliabilityBins.confidence(ofMargin:)),
      margins.map(ReliabilityBins.outcome(ofMargin:))
    )
  }
}

func checkPredictions(_ predictions: [Double], _ outcomes: [Double], metric: String) throws {
  try Require.equalCounts(
    predictions.count, "predictions", outcomes.count, "outcomes", in: metric)
  try Require.count(predictions.count, atLeast: 1, "predictions", in: metric)
  try Require.probabilities(predictions, "prediction", in: metric)
  try Require.probabilities(outcomes, "outcome", in: metric)
}
