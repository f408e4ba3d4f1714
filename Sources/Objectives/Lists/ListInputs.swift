// SPDX-License-Identifier: Apache-2.0
public import Torch

/// B prompts with up to K candidates each, some places empty.
public struct ListInputs {
  /// s = β (log π − log π_ref), summed over completion tokens, `[B, K]`; carries the gradient. 0 in empty places.
  public let scores: Tensor
  /// ψ: how good each candidate is, larger is better, `[B, K]`; used without gradient.
  public let labels: Tensor
  /// True where there is a candidate, `[B, K]`.
  public let isPresent: Tensor

  /// Joins what is known of B lists.
  ///
  /// - Parameters:
  ///   - scores: `[B, K]`.
  ///   - labels: `[B, K]`.
  ///   - mask: 1 where there is a candidate, `[B, K]`; nil where all lists are full.
  public init(scores: Tensor, labels: Tensor, mask: Tensor? = nil) {
    let name = "list loss"
    requireEqualShapes(
      name, [("scores", scores), ("labels", labels)] + (mask.map { [("mask", $0)] } ?? []))
    requireArguments(
      scores.rank == 2 && scores.elementCount > 0, name,
      "scores must be [B, K]; got \(scores.shape)")
    let wide = scores.widened
    let present =
      mask?.to(.bool) ?? .full(1, shape: scores.shape, elementType: .bool, device: scores.device)
    self.scores = wide.filled(where: not(present), with: 0)
    self.labels = labels.detached().to(wide.elementType).filled(where: not(present), with: 0)
    isPresent = present
  }

  /// True where both are there and candidate i (axis 1) is better than j (axis 2), `[B, K, K]`.
  var isOrdered: Tensor {
    let isBetter = labels.unsqueezed(2) .> labels.unsqueezed(1)
    return isBetter .&& (isPresent.unsqueezed(2) .&& isPresent.unsqueezed(1))
  }

  /// s_i − s_j, `[B, K, K]`.
  var differences: Tensor { scores.unsqueezed(2) - scores.unsqueezed(1) }

  /// Sums values of pairs over each list's ordered pairs: `[B, K, K]` to `[B]`.
  func sumOverOrderedPairs(_ values: Tensor) -> Tensor {
    values.filled(where: not(isOrdered), with: 0).sum(2).sum(1)
  }

  /// Sums values of candidates over each list: `[B, K]` to `[B]`.
  func sumOverCandidates(_ values: Tensor) -> Tensor {
    values.filled(where: not(isPresent), with: 0).sum(1)
  }

  /// log softmax of values within each list, `[B, K]`; 0 in empty places.
  func logSoftmax(_ values: Tensor) -> Tensor {
    values.filled(where: not(isPresent), with: -.infinity).logSoftmax(1)
      .filled(where: not(isPresent), with: 0)
  }
}

/// A loss on lists of ranked or scored candidates: one method's formula.
public protocol ListObjective {
  /// Whether only the order of the labels teaches anything, so that a list of equal labels teaches nothing.
  var readsOrder: Bool { get }

  /// The labels the formula makes sense for; nil takes any.
  var labelRange: ClosedRange<Double>? { get }

  /// The loss of each of B lists, `[B]`; carries the gradient. A list without anything to compare scores 0.
  func losses(_ lists: ListInputs) -> Tensor
}

extension ListObjective {
  /// Labels are values unless a formula says otherwise.
  public var readsOrder: Bool { false }

  /// Any label is welcome unless a formula says otherwise.
  public var labelRange: ClosedRange<Double>? { nil }

  /// The mean loss over B lists, weighing B; no metrics.
  public func callAsFunction(_ lists: ListInputs) -> Terms {
    let losses = losses(lists)
    return Terms(loss: losses.mean(), weight: Double(losses.elementCount))
  }
}
