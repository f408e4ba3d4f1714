// SPDX-License-Identifier: Apache-2.0
import Environments
import Feedback
import Foundation
import Objectives
import Torch

/// Trains softmax tables on the two objectives by sums over all pairs of answers.
struct CompromiseTrainer {
  let bandit = Bandit.twoObjectives
  let run: ReproductionRun

  private var beta: Double { MODPOReproduction.beta }
  private var reference: Tensor { log(Tensor(bandit.reference)) }
  private var schedule: LearningRateSchedule {
    LearningRateSchedule(
      .constant, base: MODPOReproduction.learningRate, stepCount: MODPOReproduction.stepCount)
  }

  /// Pairs of the reference's answers, the first chosen as often as a Bradley-Terry judge of one reward would.
  private func labelled(_ objective: Int) -> AnswerPairs {
    let all = AnswerPairs.all(exp(reference), exp(reference))
    let rewards = Tensor(bandit.rewards[objective])
    let chance = sigmoid(rewards.rows(all.first) - rewards.rows(all.second))
    return AnswerPairs(
      first: all.first, second: all.second, weights: all.weights.map { $0 * chance })
  }

  private func inputs(_ pairs: AnswerPairs, _ policy: Tensor) -> PairInputs {
    let anchor = run.has(MODPOReproduction.uniformReference) ? reference.zerosLike() : reference
    return PairInputs(
      policy: PairLogProbs(chosen: policy.rows(pairs.first), rejected: policy.rows(pairs.second)),
      reference: PairLogProbs(
        chosen: anchor.rows(pairs.first), rejected: anchor.rows(pairs.second)),
      weights: pairs.weights)
  }

  private func fit(_ name: String, _ loss: (Tensor) -> Tensor) -> [Double] {
    let policy = TabularPolicy(logits: withoutGrad { reference.doubles })
    policy.fit(stepCount: MODPOReproduction.stepCount, schedule: schedule) { step, logProbs in
      let value = loss(logProbs)
      if step.isMultiple(of: 250) {
        run.record([
          "method": .string(name), "step": .integer(step), "loss": .number(value.detached().item),
        ])
      }
      return value
    }
    return policy.probabilities
  }

  /// MODPO on the first objective's pairs.
  ///
  /// - Parameters:
  ///   - weight: w of the first objective; the second has 1 − w.
  ///   - margins: R of each answer for the second objective, `[A]`.
  /// - Returns: π, `[A]`.
  func modpo(weight: Double, margins: [Double]) -> [Double] {
    let pairs = labelled(0)
    let isSwapped = run.has(MODPOReproduction.swappedWeights) && weight < 1
    let own = isSwapped ? 1 - weight : weight
    let objective = MODPO(beta: beta, weight: run.has(MODPOReproduction.noWeight) ? 1 : own)
    let rewards = Tensor(margins)
    let sign = run.has(MODPOReproduction.marginSign) ? -1.0 : 1
    let gaps = rewards.rows(pairs.first) - rewards.rows(pairs.second)
    return fit("MODPO, w = \(weight)") { policy in
      var inputs = inputs(pairs, policy)
      inputs.otherMargins = sign * (1 - own) * gaps
      return objective(inputs).loss
    }
  }

  /// DPO on one objective's pairs.
  func dpo(objective: Int) -> [Double] {
    let pairs = labelled(objective)
    return fit("DPO on objective \(objective + 1)") { DPO(beta: beta)(inputs(pairs, $0)).loss }
  }

  /// Σ_k w_k times the DPO loss on objective k's pairs.
  func weightedLosses(weight: Double) -> [Double] {
    let sides = [labelled(0), labelled(1)]
    return fit("weighted DPO losses, w = \(weight)") { policy in
      let first = DPO(beta: beta)(inputs(sides[0], policy)).loss
      let second = DPO(beta: beta)(inputs(sides[1], policy)).loss
      return weight * first + (1 - weight) * second
    }
  }

  /// The expected policy gradient of wᵀr − β KL: what RL on the summed reward does without noise.
  func reinforcement(weight: Double) -> [Double] {
    let rewards = Tensor(bandit.reward(weights: [weight, 1 - weight]))
    return fit("RL on the summed reward, w = \(weight)") { policy in
      -(exp(policy) * (rewards - beta * (policy - reference))).sum()
    }
  }
}
