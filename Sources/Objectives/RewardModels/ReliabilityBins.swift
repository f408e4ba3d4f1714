// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Predictions sorted into bins, with what was predicted and what happened in each: behind every calibration error.
///
///     ECE = Σ_b n_b/n |acc_b − conf_b|
///
/// over bins b, conf_b the mean prediction and acc_b the mean outcome in the bin. Source: Guo et al. 2017,
/// arXiv:1706.04599, eq. 3.
package struct ReliabilityBins {
  /// One bin that holds something.
  package struct Bin {
    /// Predictions in the bin; at least 1.
    package var count: Int
    /// Mean prediction.
    package var confidence: Double
    /// Mean outcome.
    package var accuracy: Double
  }

  /// The bins that hold something, by rising confidence.
  package let bins: [Bin]

  /// Sorts predictions into bins.
  ///
  /// - Parameters:
  ///   - predictions: probabilities of the event, in [0, 1].
  ///   - outcomes: 1 where it happened, 0 where not, ½ for a tie; as many.
  ///   - binCount: bins, 1 or more; those of equal width are right-open on [0, 1], the last closed.
  ///   - isEqualMass: bins of equal numbers of predictions (longer ones first) instead of equal width.
  package init(
    predictions: [Double], outcomes: [Double], binCount: Int = 10, isEqualMass: Bool = false
  ) {
    let order = predictions.indices.sorted { predictions[$0] < predictions[$1] }
    var bins: [Bin] = []
    var start = 0
    for bin in 0..<binCount {
      var end = start
      if isEqualMass {
        end += order.count / binCount + (bin < order.count % binCount ? 1 : 0)
      } else {
        func place(_ prediction: Double) -> Int {
          min(binCount - 1, Int(prediction * Double(binCount)))
        }
        while end < order.count, place(predictions[order[end]]) == bin { end += 1 }
      }
      guard end > start else { continue }
      let members = order[start..<end]
      let size = Double(members.count)
      bins.append(
        Bin(
          count: members.count,
          confidence: members.reduce(0) { $0 + predictions[$1] } / size,
          accuracy: members.reduce(0) { $0 + outcomes[$1] } / size))
      start = end
    }
    self.bins = bins
  }

  /// The bins of a reward model's margins, free of orientation: confidence max(σ(m), 1 − σ(m)) in [½, 1], outcome 1,
  /// ½ or 0 as the margin is positive, 0 or negative.
  ///
  /// - Parameter margins: chosen less rejected score of each pair.
  package init(margins: [Double]) {
    self.init(
      predictions: margins.map(Self.confidence(ofMargin:)),
      outcomes: margins.map(Self.outcome(ofMargin:)))
  }

  /// How sure a margin is of the order it gives, in [½, 1].
  package static func confidence(ofMargin margin: Double) -> Double {
    1 / (1 + exp(-abs(margin)))
  }

  /// Whether a margin gives the right order: 1, ½ for a tie, or 0.
  package static func outcome(ofMargin margin: Double) -> Double {
    margin > 0 ? 1 : margin < 0 ? 0 : 0.5
  }

  /// |acc − conf| of each bin.
  package var gaps: [Double] { bins.map { abs($0.accuracy - $0.confidence) } }

  /// The expected calibration error, in [0, 1]; 0 where there are no predictions.
  package var expectedError: Double {
    let total = Double(bins.reduce(0) { $0 + $1.count })
    return zip(bins, gaps).reduce(0) { $0 + Double($1.0.count) / total * $1.1 }
  }
}
