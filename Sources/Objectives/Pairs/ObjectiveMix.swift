// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Several losses on the same pairs at once.
///
///     L = Σ_k w_k L_k
///
/// Source: mixed preference optimization (Wang et al. 2024, arXiv:2411.10442) is `sigmoid`, `bco_pair` and `sft`
/// with weights 0.8, 0.2 and 1. Departures: none. The reported rewards take β of the first loss.
public struct ObjectiveMix: PairObjective {
  /// A loss and how much it counts, above 0.
  public typealias Part = (objective: any PairObjective, weight: Double)
  /// The losses, at least one.
  public let parts: [Part]

  /// Joins losses.
  public init(parts: [Part]) {
    requireArguments(!parts.isEmpty, "ObjectiveMix", "needs at least one loss")
    requireArguments(
      parts.allSatisfy { $0.weight > 0 && $0.weight.isFinite }, "ObjectiveMix",
      "weights must be above 0; got \(parts.map(\.weight))")
    self.parts = parts
  }

  /// β of the first loss.
  public var beta: Double { parts.first?.objective.beta ?? 1 }

  /// Whether all of them take weights.
  public var acceptsWeights: Bool { parts.allSatisfy(\.objective.acceptsWeights) }

  /// Whether one of them reads tokens.
  public var readsTokens: Bool { parts.contains(where: \.objective.readsTokens) }

  /// Whether one of them reads margins.
  public var readsMargins: Bool { parts.contains(where: \.objective.readsMargins) }

  /// Whether one of them reads margins of other objectives.
  public var readsOtherMargins: Bool { parts.contains(where: \.objective.readsOtherMargins) }

  /// Whether one of them reads whole distributions of the policy.
  public var readsSquares: Bool { parts.contains(where: \.objective.readsSquares) }

  /// Whether one of them reads whole distributions of both models.
  public var readsDivergences: Bool { parts.contains(where: \.objective.readsDivergences) }

  /// The third completion of the first that reads one; ``ObjectiveTable`` refuses two kinds.
  public var thirdCompletion: ThirdCompletion.Kind? {
    parts.lazy.compactMap(\.objective.thirdCompletion).first
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let weighted = parts.map { $0.weight * $0.objective.losses(pairs) }
    return weighted.dropFirst().reduce(weighted[0], +)
  }
}
