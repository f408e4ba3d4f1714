// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import Feedback
import Objectives
import Torch

/// Trains softmax tables in a preference game by expected gradients: sums over all pairs, no sampling noise.
struct GameTrainer {
  let game: PreferenceGame
  let klCoefficient: Double
  let run: ReproductionRun

  private var reference: Tensor { log(Tensor(game.reference)) }

  /// log μ as the losses see it.
  private var lossReference: Tensor {
    run.has(OnlineIPOReproduction.uniformReference) ? reference.zerosLike() : reference
  }

  /// P(y ≻ y′) as the losses see it, `[A, A]`.
  private var preferences: Tensor {
    let right = Tensor(rows: game.preferences)
    return run.has(OnlineIPOReproduction.flippedPreferences) ? 1 - right : right
  }

  /// A loss on pairs of the policy, or of the reference where it is offline.
  func train(_ name: String, _ loss: OnlinePairLoss, isOffline: Bool = false) -> GameResult {
    let stays = isOffline || run.has(OnlineIPOReproduction.offPolicy)
    return fit(name, sampling: { stays ? reference : $0 }, { loss($0).loss })
  }

  /// IPO-MD: pairs of the geometric mixture.
  func trainIPOMD(mixtureWeight: Double) -> GameResult {
    let method = IPOMD(klCoefficient: klCoefficient, mixtureWeight: mixtureWeight)
    return fit(
      "IPO-MD, β = \(mixtureWeight)",
      sampling: { policy in
        run.has(OnlineIPOReproduction.offPolicy)
          ? reference : method.sampling(policy: policy, reference: reference)
      }, { method($0).loss })
  }

  /// Nash-MD-PG: the first answer from the policy, the second from the mixture.
  func trainNashMD(mixtureWeight: Double) -> GameResult {
    let mixture = GeometricMixture(mixtureWeight: mixtureWeight)
    let objective = NashMDGradient(klCoefficient: klCoefficient)
    return fit("Nash-MD-PG, β = \(mixtureWeight)") { policy in
      let opponent = exp(mixture(policy: policy, reference: reference))
      let pairs = AnswerPairs.all(exp(policy.detached()), opponent).scored(
        policy: policy, reference: lossReference, preferences: preferences)
      return objective(
        policy: pairs.policyFirst, reference: pairs.referenceFirst,
        preferences: pairs.preferences, weights: pairs.weights
      ).loss
    }
  }

  /// A Bradley-Terry reward fitted to pairs of the reference, and the policy that is best under it: no training error.
  func trainRLHF() -> GameResult {
    let rewards = TabularPolicy(logits: [Double](repeating: 0, count: game.answerCount))
    rewards.fit(stepCount: OnlineIPOReproduction.stepCount, schedule: schedule(0.05)) { _, scores in
      let pairs = AnswerPairs.all(exp(reference), exp(reference)).scored(
        policy: scores, reference: scores.zerosLike(), preferences: preferences)
      return OnlinePairLoss(DPO(beta: 1))(pairs).loss
    }
    let bandit = Bandit(
      reference: game.reference, rewards: [withoutGrad { rewards.logProbs.doubles }])
    return result(
      "RLHF on a fitted reward", bandit.optimum(weights: [1], beta: klCoefficient), curve: [])
  }

  private func fit(
    _ name: String, sampling: (Tensor) -> Tensor, _ loss: (OnlinePairs) -> Tensor
  ) -> GameResult {
    fit(name, sampled: { sampling($0) }) { policy in
      let live = exp(sampling(policy))
      let drawn = run.has(OnlineIPOReproduction.samplingGradient) ? live : live.detached()
      return loss(
        AnswerPairs.all(drawn, drawn).scored(
          policy: policy, reference: lossReference, preferences: preferences))
    }
  }

  private func fit(
    _ name: String, sampled: (Tensor) -> Tensor = { $0 }, _ loss: (Tensor) -> Tensor
  ) -> GameResult {
    let policy = TabularPolicy(logits: withoutGrad { reference.doubles })
    var curve: [LineChart.Point] = []
    policy.fit(
      stepCount: OnlineIPOReproduction.stepCount,
      schedule: schedule(OnlineIPOReproduction.learningRate)
    ) { step, logProbs in
      if step.isMultiple(of: 200) {
        let gap = game.exploitability(
          of: policy.probabilities, klCoefficient: klCoefficient)
        curve.append(.init(Double(step), gap))
        run.record([
          "method": .string(name), "kl_coefficient": .number(klCoefficient),
          "step": .integer(step), "exploitability": .number(gap),
        ])
      }
      return loss(logProbs)
    }
    let mixture = withoutGrad { exp(sampled(policy.logProbs)).doubles }
    return result(name, policy.probabilities, sampling: mixture, curve: curve)
  }

  private func result(
    _ name: String, _ policy: [Double], sampling: [Double]? = nil, curve: [LineChart.Point]
  ) -> GameResult {
    GameResult(
      name: name, policy: policy, sampling: sampling ?? policy,
      exploitability: game.exploitability(of: policy, klCoefficient: klCoefficient),
      kl: Simplex.klDivergence(policy, game.reference), curve: curve)
  }

  private func schedule(_ rate: Double) -> LearningRateSchedule {
    LearningRateSchedule(.linear, base: rate, stepCount: OnlineIPOReproduction.stepCount)
  }
}
