// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Objectives
import Torch

/// The rollouts of one update with all that PPO knows about their tokens, `[B, T]`.
struct Experience {
  private(set) var tables: RolloutTables
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
    tables = RolloutTables(
      rollouts, padTokenID: padTokenID, extraPlaces: scoresAfterLast ? 1 : 0)
    valueMask = tables.mask
  }

  /// Prompts with their completions.
  var rows: [TokenRow] { tables.rows }
  /// 1 on real tokens.
  var mask: Tensor { tables.mask }

  private init(_ other: Experience, _ rows: [Int]) {
    tables = other.tables.choosing(rows)
    let index = Tensor(rows)
    valueMask = other.valueMask.rows(index)
    oldLogProbs = other.oldLogProbs.rows(index)
    referenceLogProbs = other.referenceLogProbs.rows(index)
    oldValues = other.oldValues.rows(index)
    advantages = other.advantages.rows(index)
    returns = other.returns.rows(index)
  }

  /// The rollouts of a minibatch, their advantages whitened among themselves if asked for.
  func choosing(_ rows: [Int], whitens: Bool) -> Experience {
    var part = Experience(self, rows)
    if whitens { part.advantages = Whitening()(part.advantages, mask: part.mask) }
    return part
  }

  func rollouts(_ part: Range<Int>) -> PPO.Rollouts {
    PPO.Rollouts(
      oldLogProbs: oldLogProbs.narrowed(0, part), oldValues: oldValues.narrowed(0, part),
      advantages: advantages.narrowed(0, part), returns: returns.narrowed(0, part),
      mask: tables.mask.narrowed(0, part), valueMask: valueMask.narrowed(0, part))
  }
}
