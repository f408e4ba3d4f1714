// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Objectives
import Torch

/// The completions of one update with all that a method without a critic knows about their tokens, `[B, T]`.
struct GroupExperience {
  let tables: RolloutTables
  /// 1 on tokens that count for the loss.
  var lossMask: Tensor
  /// nil where the policy will not have changed when they are needed.
  var oldLogProbs: Tensor?
  /// nil where no KL is wanted.
  var referenceLogProbs: Tensor?
  /// log π as the sampler saw it.
  let samplingLogProbs: Tensor
  var advantages: Tensor

  init(_ rollouts: [Rollout], padTokenID: Int, masksTruncated: Bool) {
    tables = RolloutTables(rollouts, padTokenID: padTokenID)
    samplingLogProbs = tables.table(rollouts.map(\.completion.logProbs))
    advantages = tables.mask.zerosLike()
    lossMask = tables.mask
    guard masksTruncated else { return }
    let isWhole = Tensor(rollouts.map { $0.completion.stopReason == .length ? Float(0) : 1 })
    lossMask = lossMask * isWhole.unsqueezed(1)
  }

  private init(_ other: GroupExperience, _ rows: [Int]) {
    let index = Tensor(rows)
    tables = other.tables.choosing(rows)
    lossMask = other.lossMask.rows(index)
    oldLogProbs = other.oldLogProbs?.rows(index)
    referenceLogProbs = other.referenceLogProbs?.rows(index)
    samplingLogProbs = other.samplingLogProbs.rows(index)
    advantages = other.advantages.rows(index)
  }

  /// Some of the completions.
  func choosing(_ rows: [Int]) -> GroupExperience { GroupExperience(self, rows) }

  /// Mean advantage of each completion's tokens.
  var meanAdvantages: [Float] {
    let sums = advantages.filled(where: not(tables.mask.to(.bool)), with: 0).sum(1)
    return (sums / tables.mask.sum(1).clamped(min: 1)).floats
  }

  /// Whether a completion has a token that counts and whose advantage is not 0.
  var hasAdvantage: [Bool] {
    let isUseful = (advantages .!= 0) .&& lossMask.to(.bool)
    return isUseful.to(.float32).sum(1).floats.map { $0 > 0 }
  }

  func rollouts(_ part: Range<Int>) -> PolicyGradientLoss.Rollouts {
    PolicyGradientLoss.Rollouts(
      oldLogProbs: oldLogProbs?.narrowed(0, part),
      referenceLogProbs: referenceLogProbs?.narrowed(0, part),
      advantages: advantages.narrowed(0, part), mask: lossMask.narrowed(0, part))
  }
}
