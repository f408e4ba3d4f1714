// SPDX-License-Identifier: Apache-2.0
public import Torch

/// Binary classifier optimization on pairs: chosen completions are yes, rejected ones no.
///
///     δ = 0   or   δ = ½ (mean β a + mean β r)
///     L = −log σ(β a − δ) − log σ(−(β r − δ))
///
/// Source: Jung et al. 2024, arXiv:2404.04656
///
/// Departures: the paper's shift δ is a running mean over training; here it is the mean of the pairs given, and without a shift the
/// loss is TRL's `bco_pair`. δ carries no gradient, and depends on how a batch is split.
public struct BCOPair: PairObjective, Sendable, Equatable {
  /// Pull β towards the reference, above 0; larger stays closer.
  public var beta: Double
  /// Whether rewards are measured from their mean δ.
  public var centersRewards: Bool
  /// Whether pairs may have weights; the mean δ counts each pair once.
  public var acceptsWeights: Bool { !centersRewards }

  /// Creates the loss.
  public init(beta: Double = 0.1, centersRewards: Bool = false) {
    require(.beta, beta, "BCOPair")
    self.beta = beta
    self.centersRewards = centersRewards
  }

  /// The loss of each of B pairs, `[B]`.
  public func losses(_ pairs: PairInputs) -> Tensor {
    let chosen = beta * pairs.chosenRatios
    let rejected = beta * pairs.rejectedRatios
    guard centersRewards else { return -logSigmoid(chosen) - logSigmoid(-rejected) }
    let shift = ((chosen.mean() + rejected.mean()) / 2).detached()
    return -logSigmoid(chosen - shift) - logSigmoid(-(rejected - shift))
  }
}
