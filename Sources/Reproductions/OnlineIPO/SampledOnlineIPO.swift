// SPDX-License-Identifier: Apache-2.0
import Environments
import Evaluation
import Feedback
import Objectives
import Torch

/// Online IPO as it is run in earnest: pairs drawn from the policy, one label drawn for each.
struct SampledOnlineIPO {
  let klCoefficient: Double
  let seeds: [UInt64]
  /// π of each seed, `[A]`.
  let policies: [[Double]]
  /// max |π − Nash| of each seed.
  let distances: [Double]

  /// Trains one policy a seed.
  init(game: PreferenceGame, klCoefficient tau: Double, run: ReproductionRun) {
    let nash = game.regularizedNash(klCoefficient: tau)
    let policies = run.seeds.map { Self.train(game, tau, seed: $0, run) }
    klCoefficient = tau
    seeds = run.seeds
    self.policies = policies
    distances = policies.map { zip($0, nash).map { Swift.abs($0 - $1) }.max() ?? .nan }
    for (seed, distance) in zip(seeds, distances) {
      run.record([
        "method": "online IPO, sampled", "kl_coefficient": .number(tau),
        "seed": .integer(Int(truncatingIfNeeded: seed)), "distance": .number(distance),
      ])
    }
  }

  private static func train(
    _ game: PreferenceGame, _ tau: Double, seed: UInt64, _ run: ReproductionRun
  ) -> [Double] {
    var random = SplitMix64(text: "online_ipo/\(tau)/\(seed)")
    let isFlipped = run.has(OnlineIPOReproduction.flippedPreferences)
    let isUniform = run.has(OnlineIPOReproduction.uniformReference)
    let reference = log(Tensor(game.reference))
    let preferences = Tensor(rows: game.preferences)
    let policy = TabularPolicy(logits: reference.doubles)
    policy.fit(
      stepCount: OnlineIPOReproduction.stepCount,
      schedule: LearningRateSchedule(
        .linear, base: OnlineIPOReproduction.learningRate,
        stepCount: OnlineIPOReproduction.stepCount)
    ) { _, logProbs in
      let source =
        run.has(OnlineIPOReproduction.offPolicy) ? game.reference : policy.probabilities
      let pairs = AnswerPairs.drawn(
        OnlineIPOReproduction.sampledPairCount, from: source, &random)
      var scored = pairs.scored(
        policy: logProbs, reference: isUniform ? reference.zerosLike() : reference,
        preferences: preferences)
      let labels = scored.preferences.doubles.map { random.chance($0) != isFlipped ? 1.0 : 0 }
      scored.preferences = Tensor(labels)
      return OnlineIPO(klCoefficient: tau)(scored).loss
    }
    return policy.probabilities
  }

  /// One row a τ and seed.
  static func table(_ runs: [SampledOnlineIPO]) -> ResultTable {
    ResultTable(
      title: "Online IPO on sampled pairs with drawn labels",
      columns: [
        .init("τ", format: .decimals(1)), .init("seed"), .init("π(0)"), .init("π(1)"),
        .init("π(2)"), .init("π(3)"), .init("furthest from Nash", format: .decimals(4)),
      ],
      rows: runs.flatMap { run in
        zip(run.seeds, zip(run.policies, run.distances)).map { seed, found in
          [.number(run.klCoefficient), .count(Int(truncatingIfNeeded: seed))]
            + found.0.map { .number($0) } + [.number(found.1)]
        }
      })
  }
}
