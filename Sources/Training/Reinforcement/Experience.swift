// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Objectives
import Torch

/// Rollouts with their scores, for the log.
public struct ScoredRollouts: Sendable {
  /// Prompts with completions.
  public var rollouts: [Rollout]
  /// Scores by reward source, one a rollout.
  public var parts: [(name: String, values: [Double])]
  /// Processed total scores.
  public var scores: [Float]
  /// Mean advantage of each completion's tokens, before whitening.
  public var advantages: [Float] = []

  func with(advantages: [Float]) -> ScoredRollouts {
    var copy = self
    copy.advantages = advantages
    return copy
  }
}

/// Mean and sample deviation of some numbers.
struct Moments {
  let mean: Double
  let deviation: Double

  init(_ values: [Double]) {
    let average = values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - average) * ($1 - average) }
    mean = average
    deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
  }
}

/// The rollouts of one update as tables `[B, T]`, T the longest completion.
struct Experience {
  private(set) var rows: [TokenRow]
  private let completionCounts: [Int]
  private let width: Int
  private let padTokenID: Int
  /// 1 on real tokens.
  private(set) var mask: Tensor
  /// 1 where values count.
  var valueMask: Tensor
  var oldLogProbs = Tensor(0)
  var referenceLogProbs = Tensor(0)
  var oldValues = Tensor(0)
  var advantages = Tensor(0)
  var returns = Tensor(0)
  /// Mean advantage a rollout, for the log.
  var meanAdvantages: [Float] = []

  /// `scoresAfterLast` adds one place after each completion, where its score and a last value stand.
  init(_ rollouts: [Rollout], scoresAfterLast: Bool, padTokenID: Int) {
    let extra = scoresAfterLast ? [padTokenID] : []
    rows = rollouts.map { TokenRow(prompt: $0.prompt.ids, completion: $0.completion.ids + extra) }
    completionCounts = rollouts.map(\.completion.ids.count)
    width = rows.reduce(1) { max($0, $1.targetCount) }
    self.padTokenID = padTokenID
    mask = Self.mask(completionCounts, width)
    valueMask = mask
  }

  private init(_ other: Experience, _ rows: [Int]) {
    self.rows = rows.map { other.rows[$0] }
    completionCounts = rows.map { other.completionCounts[$0] }
    width = other.width
    padTokenID = other.padTokenID
    let index = Tensor(rows)
    mask = other.mask.rows(index)
    valueMask = other.valueMask.rows(index)
    oldLogProbs = other.oldLogProbs.rows(index)
    referenceLogProbs = other.referenceLogProbs.rows(index)
    oldValues = other.oldValues.rows(index)
    advantages = other.advantages.rows(index)
    returns = other.returns.rows(index)
  }

  private static func mask(_ counts: [Int], _ width: Int) -> Tensor {
    (Tensor.range(0..<width) .< Tensor(counts).unsqueezed(1)).to(.float32)
  }

  /// The rollouts of a minibatch, their advantages whitened among themselves if asked for.
  func choosing(_ rows: [Int], whitens: Bool) -> Experience {
    var part = Experience(self, rows)
    if whitens { part.advantages = Whitening()(part.advantages, mask: part.mask) }
    return part
  }

  /// Row numbers in parts of `size`, in order.
  func parts(of size: Int) -> [Range<Int>] {
    stride(from: 0, to: rows.count, by: size).map { $0..<min(rows.count, $0 + size) }
  }

  func batch(_ part: Range<Int>, device: Device) -> TokenBatch {
    TokenBatch(Array(rows[part]), padTokenID: padTokenID, device: device)
  }

  /// Values of a part's targets `[N]` as a table of the full width, on the processor.
  func table(_ values: Tensor, _ tokens: TokenBatch) -> Tensor {
    let narrow = tokens.table(values).to(.cpu)
    let missing = width - tokens.targetWidth
    guard missing > 0 else { return narrow }
    return concatenated(
      [narrow, .zeros([tokens.rowCount, missing], elementType: narrow.elementType)], axis: 1)
  }

  /// Lists of unequal length as a table.
  func table(_ lists: [[Float]]) -> Tensor {
    Tensor(rows: lists.map { $0 + [Float](repeating: 0, count: width - $0.count) })
  }

  func rollouts(_ part: Range<Int>) -> PPO.Rollouts {
    PPO.Rollouts(
      oldLogProbs: oldLogProbs.narrowed(0, part), oldValues: oldValues.narrowed(0, part),
      advantages: advantages.narrowed(0, part), returns: returns.narrowed(0, part),
      mask: mask.narrowed(0, part), valueMask: valueMask.narrowed(0, part))
  }
}
