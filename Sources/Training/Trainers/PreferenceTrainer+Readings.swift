// SPDX-License-Identifier: Apache-2.0
import LanguageModels
import Objectives
import Torch

/// What a model says of pairs.
struct PairReading {
  /// Log-probabilities of the two completions.
  var sums: PairLogProbs
  /// Of a third completion, `[B]`; only where the pairs have one.
  var third: Tensor?
  /// Of single tokens; only where the objective reads them.
  var tokens: PairTokens?
  /// The states that predict targets, `[N, D]`; nil where no model was read.
  var states: Tensor?
}

/// Completion tokens a pair over a whole step, by weight: the denominators of likelihood terms, so that no loss depends
/// on how a step is split.
struct TokensPerPair {
  /// Of chosen completions.
  let chosen: Double
  /// Of third completions; nil where pairs have two.
  let third: Double?

  init(_ pairs: PairRows, _ indices: [Int]) {
    let total = totalWeight(pairs.weights, indices)
    func mean(_ rows: TokenRows) -> Double {
      indices.reduce(0.0) { $0 + (pairs.weights?[$1] ?? 1) * Double(rows[$1].targetCount) } / total
    }
    chosen = mean(pairs.chosen)
    third = pairs.third.map(mean)
  }
}

// What losses read beside sums of two completions.
extension PreferenceTrainer {
  /// Rows of a batch for each pair.
  var completionsPerPair: Int { objective.thirdCompletion == nil ? 2 : 3 }

  /// The third part of numbers of all completions; nil where pairs have two.
  func third(_ sums: Tensor) -> Tensor? {
    guard completionsPerPair == 3 else { return nil }
    let count = sums.size(0) / 3
    return sums.narrowed(0, 2 * count..<3 * count)
  }

  /// Numbers of targets `[N]` as tables, a row for each completion of a side.
  func tables(_ values: Tensor, _ rows: DistinctRows) -> PairTokens {
    let sides = halves(rows.spread(rows.batch.table(values)))
    return PairTokens(chosen: sides.chosen, rejected: sides.rejected)
  }

  /// The third completions, with `counts` of the distinct rows' targets.
  func addThird(
    _ inputs: inout PairInputs, _ rows: DistinctRows, _ learnt: PairReading, _ anchor: PairReading,
    _ counts: Tensor, _ tokensPerPair: TokensPerPair
  ) {
    guard let policy = learnt.third, let reference = anchor.third,
      let counts = third(rows.spread(counts))
    else { return }
    var completion = ThirdCompletion(policy: policy, reference: reference, tokenCounts: counts)
    completion.tokensPerCompletion = tokensPerPair.third
    inputs.third = completion
  }

  /// Numbers of whole next-token distributions, where the objective reads them.
  func addDistributions(
    _ inputs: inout PairInputs, _ rows: DistinctRows, _ learnt: PairReading, _ anchor: PairReading
  ) {
    guard let states = learnt.states else { return }
    withAutocast(plan.autocast, on: policy.device) {
      if objective.readsSquares {
        inputs.logSumSquares = tables(policy.logSumSquares(states), rows)
      }
      if objective.readsDivergences, let reference, let referenceStates = anchor.states {
        let each = policy.divergence(from: reference, referenceStates, states)
        inputs.divergences = halves(rows.spread(rows.batch.rowSums(each)))
      }
    }
  }
}
