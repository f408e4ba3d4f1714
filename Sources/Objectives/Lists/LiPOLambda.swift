// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Every ordered pair of a list, weighted by how much swapping the two would change a ranking gain.
///
///     Δ_ij = |G_i − G_j| · |1/D(τ_i) − 1/D(τ_j)|     G = 2^ψ − 1     D(ρ) = ln(1 + ρ)
///     L = Σ_{ψ_i > ψ_j} Δ_ij softplus(−(s_i − s_j))
///
/// Source: Liu et al. 2024, arXiv:2402.01878; LambdaLoss, Wang et al. 2018.
///
/// Departures: none. τ is the rank by the current scores, 1 for the highest, ties by place; Δ carries no gradient. The logarithm is
/// natural: base 2 would only rescale the loss.
public struct LiPOLambda: ListObjective, Sendable, Equatable {
  /// True: the formula compares candidates by their labels.
  public var readsOrder: Bool { true }

  /// Which factors of Δ are kept: both, the gap of the gains alone, or the gap of the discounts alone.
  package enum Weighing: Sendable { case both, gain, rank }

  /// Both, but for the paper's ablations.
  private let weighing: Weighing

  /// Creates the loss; it has no parameters.
  public init() { weighing = .both }

  /// Creates an ablation.
  package init(weighing: Weighing) { self.weighing = weighing }

  /// The loss of each of B lists, `[B]`.
  public func losses(_ lists: ListInputs) -> Tensor {
    let weighted = swapGains(lists) * softplus(-lists.differences)
    return lists.sumOverOrderedPairs(weighted)
  }

  /// Δ, `[B, K, K]`, without gradient.
  private func swapGains(_ lists: ListInputs) -> Tensor {
    withoutGrad {
      let scores = lists.scores.filled(where: not(lists.isPresent), with: -.infinity)
      let width = scores.size(1)
      let order = Tensor.range(0..<width, device: scores.device)
      let isEarlier = order.unsqueezed(0) .< order.unsqueezed(1)  // [K, K]: j before i
      let other = scores.unsqueezed(1)
      let own = scores.unsqueezed(2)
      let isAhead = (other .> own) .|| ((other .== own) .&& isEarlier)
      let ranks = isAhead.to(scores.elementType).sum(2) + 1  // [B, K]
      let discounts = 1 / log(1 + ranks)
      let gains = exp(lists.labels * 0.6931471805599453) - 1  // 2^ψ − 1
      let gainGaps = abs(gains.unsqueezed(2) - gains.unsqueezed(1))
      let discountGaps = abs(discounts.unsqueezed(2) - discounts.unsqueezed(1))
      return switch weighing {
      case .both: gainGaps * discountGaps
      case .gain: gainGaps
      case .rank: discountGaps
      }
    }
  }
}
