// SPDX-License-Identifier: Apache-2.0
public import Torch

/// The reward-model loss: the chance that the chosen completion wins is the sigmoid of the score difference.
///
/// For scores c (chosen) and r (rejected), an optional margin m and smoothing ε:
///
///     Δ = c − r − m
///     L = mean[(1 − ε) softplus(−Δ) + ε softplus(Δ)] + k_c · mean[(c + r)²] + k_2 · mean[c², r²]
///
/// Source: Bradley & Terry 1952; Ouyang et al. 2022, arXiv:2203.02155, eq. 1; the margin is Touvron et al. 2023,
/// arXiv:2307.09288, eq. 2; centring is Eisenstein et al. 2023, arXiv:2312.09244, section 4.
///
/// Departures: none. The denominator is the number of pairs (2B scores for the k_2 term); where pairs have weights,
/// all means are weighted and the denominator is the sum of weights (twice that for k_2).
public struct BradleyTerry: Sendable, Equatable {
  /// Share ε of pairs assumed to be mislabelled, in [0, 0.5).
  public var labelSmoothing: Double
  /// Weight k_c of the penalty on (c + r)², which keeps scores around 0; usual 0.01, 0 turns it off.
  public var centerRewardsCoefficient: Double
  /// Weight k_2 of the penalty on squared scores; usual 0.001, 0 turns it off.
  public var l2Coefficient: Double

  /// Creates the loss; the defaults are the plain one.
  public init(
    labelSmoothing: Double = 0, centerRewardsCoefficient: Double = 0, l2Coefficient: Double = 0
  ) {
    requireArguments(
      labelSmoothing >= 0 && labelSmoothing < 0.5, "Bradley-Terry",
      "label smoothing must be at least 0 and below 0.5; got \(labelSmoothing)")
    requireArguments(
      centerRewardsCoefficient >= 0 && l2Coefficient >= 0, "Bradley-Terry",
      "penalty coefficients must be at least 0; got \(centerRewardsCoefficient), \(l2Coefficient)")
    self.labelSmoothing = labelSmoothing
    self.centerRewardsCoefficient = centerRewardsCoefficient
    self.l2Coefficient = l2Coefficient
  }

  /// Loss of one batch of B pairs.
  ///
  /// - Parameters:
  ///   - chosen: scores of the chosen completions, `[B]`; carries the gradient.
  ///   - rejected: scores of the rejected ones, `[B]`; carries the gradient.
  ///   - margin: by how much the chosen should win, at least 0, `[B]`; nil asks for none.
  ///   - weights: how much each pair counts, at least 0, `[B]`; nil counts each once.
  /// - Returns: the weighted mean loss in nats, weighing the sum of `weights` (B without them), with `accuracy` (ties
  ///   are wrong), `margin` (mean c − r), `chosen_rewards`, `rejected_rewards`: plain means over B pairs;
  ///   `mean_reward`: over 2B scores.
  public func callAsFunction(
    chosen: Tensor, rejected: Tensor, margin: Tensor? = nil, weights: Tensor? = nil
  ) -> Terms {
    requireEqualShapes(
      "Bradley-Terry",
      [("chosen", chosen), ("rejected", rejected)] + (margin.map { [("margin", $0)] } ?? []))
    requireArguments(
      chosen.rank == 1 && chosen.elementCount > 0, "Bradley-Terry",
      "scores must be [B] with at least one pair; got \(chosen.shape)")
    let winner = chosen.widened
    let loser = rejected.widened

    let difference = winner - loser
    let delta = margin.map { difference - $0.to(difference.elementType) } ?? difference
    let pairLosses = (1 - labelSmoothing) * softplus(-delta) + labelSmoothing * softplus(delta)
    func mean(_ values: Tensor) -> Tensor { weightedMean("Bradley-Terry", values, weights).mean }
    var (loss, weight) = weightedMean("Bradley-Terry", pairLosses, weights)
    if centerRewardsCoefficient > 0 {
      loss = loss + centerRewardsCoefficient * mean(square(winner + loser))
    }
    if l2Coefficient > 0 {
      loss = loss + l2Coefficient * mean((square(winner) + square(loser)) / 2)
    }
    return Terms(loss: loss, weight: weight, metrics: metrics(winner, loser))
  }

  private func metrics(_ chosen: Tensor, _ rejected: Tensor) -> [String: Mean] {
    withoutGrad {
      let pairCount = Double(chosen.elementCount)
      let isRight = (chosen .> rejected).to(chosen.elementType)
      return [
        "accuracy": Mean(value: isRight.mean(), weight: pairCount),
        "margin": Mean(value: (chosen - rejected).mean(), weight: pairCount),
        "chosen_rewards": Mean(value: chosen.mean(), weight: pairCount),
        "rejected_rewards": Mean(value: rejected.mean(), weight: pairCount),
        "mean_reward": Mean(value: (chosen + rejected).mean() / 2, weight: 2 * pairCount),
      ]
    }
  }
}
