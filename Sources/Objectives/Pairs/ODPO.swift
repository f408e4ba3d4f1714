// SPDX-License-Identifier: Apache-2.0
public import Torch

/// DPO with an offset: the better the chosen completion was judged to be, the more it must win by.
///
///     L = −log σ(β D − Δ)
///
/// Source: Amini et al. 2024, arXiv:2402.10571; Δ is the paper's offset, from the gap of scores.
///
/// Departures: none. Δ = 0 is ``DPO``.
public struct ODPO: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// True: the formula names them.
  public var readsMargins: Bool { true }

  /// Creates the loss.
  public init(beta: Double = 0.1) {
    require(.beta, beta, "ODPO")
    self.beta = beta
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    guard let margins = pairs.margins else {
      requireArguments(false, "ODPO", "asks for an offset: margins are missing")
      return pairs.ratioMargins
    }
    let offset = margins.detached().to(pairs.policy.chosen.elementType)
    return -logSigmoid(beta * pairs.ratioMargins - offset)
  }
}
