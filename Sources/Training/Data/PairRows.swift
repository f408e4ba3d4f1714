// SPDX-License-Identifier: Apache-2.0

import Torch

/// Preference pairs as token rows: completions are targets, prompts are not.
public struct PairRows: Sendable {
  /// Prompts with their better completions.
  public var chosen = TokenRows()
  /// Prompts with their worse completions, in the same order.
  public var rejected = TokenRows()
  /// A number for the prompt of each pair, the same for equal prompts.
  public var promptNumbers: [Int] = []
  /// How much each pair counts in the loss; nil where all count once.
  public var weights: [Double]?
  /// By how much each chosen completion was judged better, column `margin`; nil where no row has one.
  public var margins: [Double]?

  /// By how much other objectives find each chosen completion better, columns `margin_chosen` less
  /// `margin_rejected`; nil where the loss reads none.
  public var otherMargins: [Double]?
  /// A third completion of each prompt; nil where the loss reads none.
  public var third: TokenRows?

  /// No pairs.
  public init() {}

  /// Count of pairs.
  public var count: Int { chosen.count }
}

/// The weights (or margins) of some pairs, `[B]`; nil where there are none.
func pairWeights(_ weights: [Double]?, _ indices: [Int], on device: Device) -> Tensor? {
  weights.map { all in Tensor(indices.map { Float(all[$0]) }, device: device) }
}

/// What the pairs of a step weigh together, the denominator of its loss.
func totalWeight(_ weights: [Double]?, _ indices: [Int]) -> Double {
  weights.map { all in indices.reduce(0) { $0 + all[$1] } } ?? Double(indices.count)
}
