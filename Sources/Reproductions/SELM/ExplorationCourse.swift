// SPDX-License-Identifier: Apache-2.0
import Environments
import Feedback
import Foundation
import Torch

/// How rounds are run.
struct ExplorationPlan: Sendable {
  /// What changes the parameters.
  enum Descent: Sendable {
    case adam
    case gradient
  }

  let name: String
  var descent = Descent.adam
  let learningRate: Double
  /// Pairs a step; nil takes all.
  var batchSize: Int? = 20
  var passCount = 1
  var promptsPerRound = SELMReproduction.promptsPerRound
  /// Temperature of the Bradley-Terry judge.
  var temperature = SELMReproduction.temperature

  func optimizer(_ parameters: NamedTensors) -> any Optimizer {
    switch descent {
    case .adam: AdamW(parameters, learningRate: learningRate)
    case .gradient: SGD(parameters, learningRate: learningRate)
    }
  }
}

/// What one method found in one world over all rounds.
struct ExplorationCourse: Sendable, Equatable {
  /// How many different arms were asked about, over all prompts.
  private(set) var distinctArms = 0
  /// Mean of log π(ŷ) − log π_ref(ŷ) over a round's responses after the round, in nats, one a round.
  private(set) var drifts: [Double] = []
  /// Pairs that were dropped because all answers were the same arm.
  private(set) var tieCount = 0
  /// E[gold] and probability of the best arm after the last round.
  private(set) var reward = Double.nan
  private(set) var bestArm = Double.nan

  /// Runs the rounds: answer, label, train, and make the policy the next reference.
  init<Policy: ArmPolicy>(
    _ method: ExplorationMethod, plan: ExplorationPlan, from start: Policy,
    in world: DeceptiveBandit,
    seed: UInt64, run: ReproductionRun
  ) throws {
    var random = SplitMix64(text: "selm/\(plan.name)/\(seed)")
    var labeller = ArmLabeller(world: world, temperature: plan.temperature)
    let policy = try start.copy()
    let first = start.rows
    let roundCount = method.isOneShot ? 1 : SELMReproduction.roundCount
    let promptCount = plan.promptsPerRound * SELMReproduction.roundCount / roundCount
    for round in 0..<roundCount {
      let reference = withoutGrad { policy.logProbs }
      let sampled = policy.rows
      let answers = labeller.round(
        promptCount: promptCount, first: sampled,
        second: method.pairsWithFirstReference ? first : sampled, &random)
      Self.train(policy, method, plan, answers, reference: reference, &random, run)
      let drift = Self.drift(answers, withoutGrad { policy.logProbs }, reference)
      drifts.append(drift)
      run.record([
        "policy": .string(plan.name), "method": .string(method.name),
        "seed": .integer(Int(truncatingIfNeeded: seed)), "round": .integer(round + 1),
        "distinct_arms": .integer(labeller.seen.count), "drift": .number(drift),
        "reward": .number(world.expectedReward(of: policy.rows)),
        "ties": .integer(labeller.tieCount),
      ])
    }
    distinctArms = labeller.seen.count
    tieCount = labeller.tieCount
    reward = world.expectedReward(of: policy.rows)
    bestArm = world.bestArmProbability(of: policy.rows)
  }

  private static func train(
    _ policy: some ArmPolicy, _ method: ExplorationMethod, _ plan: ExplorationPlan,
    _ answers: [LabelledAnswer], reference: Tensor, _ random: inout SplitMix64,
    _ run: ReproductionRun
  ) {
    let optimizer = plan.optimizer(policy.parameters)
    var answers = answers
    let size = plan.batchSize ?? max(1, answers.count)
    for _ in 0..<plan.passCount {
      random.shuffle(&answers)
      for begin in stride(from: 0, to: answers.count, by: size) {
        let batch = Array(answers[begin..<min(answers.count, begin + size)])
        optimizer.zeroGrad()
        guard
          let loss = method.loss(batch, policy: policy.logProbs, reference: reference, run: run)
        else { return }
        loss.backward()
        optimizer.clipGradNorm(to: 1)
        optimizer.step()
      }
    }
  }

  private static func drift(
    _ answers: [LabelledAnswer], _ policy: Tensor, _ reference: Tensor
  ) -> Double {
    let width = policy.size(1)
    let ratios = (policy - reference).doubles
    return answers.map { ratios[$0.prompt * width + $0.response] }.mean
  }
}

/// Draws answers and has them judged; remembers the last pair of each prompt.
struct ArmLabeller {
  let world: DeceptiveBandit
  let temperature: Double
  /// prompt · 50 + arm of every answer so far.
  private(set) var seen: Set<Int> = []
  private(set) var tieCount = 0
  private var lastPairs: [Int: [Int]] = [:]

  init(world: DeceptiveBandit, temperature: Double) {
    self.world = world
    self.temperature = temperature
  }

  /// One round: each prompt gets two samples, which are ranked together with its last pair of earlier rounds.
  ///
  /// The second sample is the response ŷ of the reference.
  mutating func round(
    promptCount: Int, first: [[Double]], second: [[Double]], _ random: inout SplitMix64
  ) -> [LabelledAnswer] {
    let firstSamplers = first.map { OutcomeSampler($0) }
    let secondSamplers = second.map { OutcomeSampler($0) }
    var answers: [LabelledAnswer] = []
    var order = Array(0..<world.promptCount)
    for place in 0..<promptCount {
      if place.isMultiple(of: order.count) { random.shuffle(&order) }
      let prompt = order[place % order.count]
      let samples = [
        firstSamplers[prompt].draw(&random), secondSamplers[prompt].draw(&random),
      ]
      for arm in samples { seen.insert(prompt * DeceptiveBandit.armCount + arm) }
      let candidates = Set(samples + (lastPairs[prompt] ?? [])).sorted()
      guard candidates.count > 1 else {
        tieCount += 1
        continue
      }
      let ranked = ranking(candidates, of: prompt, &random)
      answers.append(
        LabelledAnswer(
          prompt: prompt, chosen: ranked[0], rejected: ranked[ranked.count - 1],
          response: samples[1]))
    }
    for answer in answers { lastPairs[answer.prompt] = [answer.chosen, answer.rejected] }
    return answers
  }

  /// Best first: gold over temperature plus Gumbel noise, so that any two follow Bradley and Terry.
  private func ranking(
    _ candidates: [Int], of prompt: Int, _ random: inout SplitMix64
  ) -> [Int] {
    let scored = candidates.map { arm in
      let noise = -log(-log(max(random.uniform(), 1e-300)))
      return (arm: arm, score: world.gold[prompt][arm] / temperature + noise)
    }
    return scored.sorted { $0.score > $1.score }.map(\.arm)
  }
}
