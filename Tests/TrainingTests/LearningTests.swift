// SPDX-License-Identifier: Apache-2.0
import Feedback
import Foundation
import LanguageModels
import Objectives
import TestSupport
import Testing
import Torch

@testable import Training

/// Whether methods learn what they should, on models of a few thousand weights with fixed seeds.
///
/// Slow ones run where `ATTUNE_SLOW_TESTS` is set.
@Suite("Learning")
struct LearningTests {
  /// Four letters in a circle, from a random start: nothing is left to guess after the first letter.
  private func circles(_ count: Int, seed: UInt64) -> [Record] {
    var random = SplitMix(seed: seed)
    let letters = Array("abcd")
    return (0..<count).map { _ in
      let start = Int(random.next() % 4)
      return Record(
        .languageModelling(.plain(String((0..<12).map { letters[(start + $0) % 4] }))))
    }
  }

  // Entropy of single tokens: of the 12 targets of a row 11 are letters, all four equally often, and one is the end:
  // 4 · (11/48) ln(48/11) + (1/12) ln 12 = 1.5576 nats. What can be learnt is less than ln 4 / 12 = 0.116.
  @Test("supervised learning falls below the entropy of single tokens")
  func supervised() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 60)
    settings.optimization.microbatchSize = 8
    settings.optimization.accumulation = 1
    try SFTJob(settings: settings, modelFolder: workshop.base)
      .run(on: circles(64, seed: 1), heldOut: circles(32, seed: 2))
    let loss = try #require(
      try workshop.metrics("run").last { $0["eval_loss"] != nil }?["eval_loss"])
    #expect(loss < 0.5 * 1.5576, "eval_loss \(loss)")
  }

  @Test("a reward model tells separable pairs apart")
  func reward() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 60)
    settings.optimization.microbatchSize = 8
    settings.optimization.accumulation = 1
    try RewardJob(settings: settings, modelFolder: workshop.base)
      .run(on: Letters.pairs(128), heldOut: Letters.pairs(64, seed: 2))
    let accuracy = try #require(
      try workshop.metrics("run").last { $0["eval_accuracy"] != nil }?["eval_accuracy"])
    #expect(accuracy >= 0.95, "eval_accuracy \(accuracy)")
  }

  // With chosen and rejected exchanged the accuracy is at most 0.05: see the test after this one.
  @Test("DPO prefers the better side of pairs that it has not seen")
  func preference() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 40)
    settings.optimization.microbatchSize = 8
    settings.optimization.accumulation = 1
    settings.optimization.learningRate = 3e-3
    settings.evalSteps = 1
    try DPOJob(settings: settings, modelFolder: workshop.base)
      .run(on: Letters.pairs(128), heldOut: Letters.pairs(64, seed: 2))
    let lines = try workshop.metrics("run").filter { $0["eval_loss"] != nil }
    let name = "eval_rewards/accuracies"
    let last = try #require(lines.last)
    #expect(last[name].map { $0 >= 0.95 } == true, "\(last)")
    #expect(last["eval_rewards/margins"].map { $0 > 0.5 } == true, "\(last)")
    #expect(last["eval_loss"].map { $0 < 0.6 } == true, "\(last)")
  }

  @Test("DPO on pairs turned round prefers the other side")
  func turnedRound() throws {
    let workshop = try Workshop()
    var settings = workshop.settings("run", steps: 40)
    settings.optimization.microbatchSize = 8
    settings.optimization.accumulation = 1
    settings.optimization.learningRate = 3e-3
    try DPOJob(settings: settings, modelFolder: workshop.base).run(
      on: Letters.pairs(128, better: "efgh", worse: "abcd"), heldOut: Letters.pairs(64, seed: 2))
    let last = try #require(try workshop.metrics("run").last { $0["eval_loss"] != nil })
    #expect(last["eval_rewards/accuracies"].map { $0 <= 0.05 } == true, "\(last)")
  }

  // MARK: PPO

  /// The reward's mean over the first and over the last updates.
  private func ppo(
    weight: Double, seed: UInt64, klCoefficient: Double = 0.05
  ) throws -> (first: Double, last: Double) {
    var model = TinyModel()
    model.width = 32
    let workshop = try Workshop(model)
    var settings = workshop.settings("run", steps: 60)
    settings.seed = seed
    settings.optimization.microbatchSize = 64
    settings.optimization.accumulation = 1
    settings.optimization.learningRate = 3e-3
    settings.optimization.schedule = .constant
    var job = PPOJob(settings: settings, modelFolder: try workshop.supervisedStart())
    job.scorers = [(LetterShare(letters: ["a", "b", "c"]), weight)]
    job.method.rolloutCount = 64
    job.method.klController = KLController(klCoefficient)
    job.method.epochCount = 2
    job.method.sampling.maxNewTokens = 16
    var random = SplitMix(seed: 6)
    try job.run(
      on: (0..<128).map { _ in
        Record(.promptOnly(.plain(Letters.word(&random, 8...8, of: "abcdefgh"))))
      })
    let rewards = try workshop.metrics("run").compactMap { $0["rewards/share/mean"] }
    return (rewards[0], rewards.suffix(5).reduce(0, +) / 5)
  }

  static let runsSlowTests =
    ProcessInfo.processInfo.environment["ATTUNE_SLOW_TESTS"] != nil

  // Measured: 0.35 to 0.98, 0.32 to 0.93, 0.30 to 0.97. With the sign of the advantages turned in the trainer the
  // three seeds end at 0.000: every completion leaves the set.
  @Test(
    "PPO raises the reward by at least 0.3 from supervised learning",
    .enabled(if: runsSlowTests, "set ATTUNE_SLOW_TESTS to run it"), arguments: [1, 2, 3])
  func ppoLearns(seed: UInt64) throws {
    let (first, last) = try ppo(weight: 1, seed: seed)
    #expect(last - first >= 0.3, "from \(first) to \(last)")
  }

  // A reward of the other sign turns every advantage; without KL nothing else depends on the sign. With the
  // trainer's advantages turned as well the reward rises instead, from 0.35 to 1.00, and this test fails.
  @Test(
    "PPO with the sign of every advantage turned lowers it",
    .enabled(if: runsSlowTests, "set ATTUNE_SLOW_TESTS to run it"))
  func ppoTurnedRound() throws {
    let (first, last) = try ppo(weight: -1, seed: 1, klCoefficient: 0)
    #expect(first - last >= 0.2, "from \(first) to \(last)")
  }
}
